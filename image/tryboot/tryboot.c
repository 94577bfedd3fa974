// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Raspberry Pi firmware's one-shot flag: set, the next start (and that one alone) goes by the
 * [tryboot] section of autoboot.txt.
 *
 *   echo 1 > /sys/module/tryboot/parameters/once    set
 *   echo 0 > …                                      taken back
 *   cat …                                           what the firmware says
 *
 * Raspberry Pi's own kernel does this in its firmware driver, for `reboot "0 tryboot"`. Mainline's
 * driver (and so Debian's) has no such code, but exports the call to the firmware: this module is
 * that call and nothing else. It does not reboot.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/of.h>
#include <linux/types.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

/* Not in mainline's header: from Raspberry Pi's, of the same name. */
#define GET_REBOOT_FLAGS 0x00030064
#define SET_REBOOT_FLAGS 0x00038064
#define REBOOT_FLAG_TRYBOOT 1

/*
 * What was written last. A firmware that does not know GET leaves the buffer as it was, and so this
 * is what reading gives then.
 */
static u32 written;

static int ask(u32 tag, u32 *flags)
{
	struct device_node *node = rpi_firmware_find_node();
	struct rpi_firmware *firmware;
	int error;

	if (!node) {
		pr_err("no Raspberry Pi firmware in the device tree: nothing to set here\n");
		return -ENODEV;
	}
	firmware = rpi_firmware_get(node);
	of_node_put(node);
	if (!firmware) {
		pr_err("the firmware's driver is not there (CONFIG_RASPBERRYPI_FIRMWARE)\n");
		return -ENODEV;
	}
	error = rpi_firmware_property(firmware, tag, flags, sizeof(*flags));
	rpi_firmware_put(firmware);
	if (error)
		pr_err("the firmware refused tag 0x%08x: error %d\n", tag, error);
	return error;
}

static int once_set(const char *text, const struct kernel_param *param)
{
	u32 wanted, flags;
	int error = kstrtou32(text, 0, &wanted);

	if (error || wanted > 1) {
		pr_err("`once` is 1 (the next start tries the other slot) or 0\n");
		return error ?: -EINVAL;
	}
	flags = wanted ? REBOOT_FLAG_TRYBOOT : 0;
	error = ask(SET_REBOOT_FLAGS, &flags);
	if (error)
		return error;
	written = wanted;
	pr_info("the next start is %s\n", wanted ? "a trial" : "as always");
	return 0;
}

static int once_get(char *text, const struct kernel_param *param)
{
	u32 flags = written ? REBOOT_FLAG_TRYBOOT : 0;
	int error = ask(GET_REBOOT_FLAGS, &flags);

	if (error)
		return error;
	return sysfs_emit(text, "%u\n", flags & REBOOT_FLAG_TRYBOOT);
}

static const struct kernel_param_ops once_ops = {
	.set = once_set,
	.get = once_get,
};
module_param_cb(once, &once_ops, NULL, 0600);
MODULE_PARM_DESC(once, "1: the next start goes by autoboot.txt's [tryboot], once");

static int __init tryboot_init(void)
{
	u32 flags = 0;
	int error = ask(GET_REBOOT_FLAGS, &flags);

	/* Loaded only where it can do its work: who finds the parameter can count on it. */
	return error;
}
module_init(tryboot_init);

static void __exit tryboot_exit(void)
{
}
module_exit(tryboot_exit);

MODULE_DESCRIPTION("The Raspberry Pi firmware's one-shot boot flag");
MODULE_AUTHOR("The Credenza authors");
MODULE_LICENSE("GPL");
