/*
 * The whole userland of prove.sh's machine: process 1 of its initramfs. Says what it does in the
 * kernel's log, since that is what reaches the emulated board's first serial port.
 *
 *   prove=string    reboot(RESTART2, "0 tryboot"), as `reboot "0 tryboot"` does
 *   prove=module    tryboot.ko, 1 into its parameter, the same reboot without a word
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ONCE "/sys/module/tryboot/parameters/once"

static void say(const char *format, ...)
{
	va_list arguments;
	FILE *log = fopen("/dev/kmsg", "w");

	if (!log)
		return;
	fputs("<4>prove: ", log);
	va_start(arguments, format);
	vfprintf(log, format, arguments);
	va_end(arguments);
	fclose(log);
}

static void load(const char *path)
{
	int file = open(path, O_RDONLY);
	long answer = syscall(SYS_finit_module, file, "", 0);

	say("loading %s: %s", path, answer ? strerror(errno) : "done");
	close(file);
}

static void once(const char *text)
{
	int file = open(ONCE, O_WRONLY);
	ssize_t answer = file < 0 ? -1 : write(file, text, strlen(text));

	say("writing %s: %s", text, answer < 0 ? strerror(errno) : "done");
	close(file);
}

static void read_once(void)
{
	char text[16] = "";
	int file = open(ONCE, O_RDONLY);

	if (file < 0 || read(file, text, sizeof(text) - 1) < 0)
		snprintf(text, sizeof(text), "error %d", errno);
	text[strcspn(text, "\n")] = 0;
	say("reading: %s", text);
	close(file);
}

int main(void)
{
	char line[4096] = "";
	const char *word = NULL;
	FILE *file;

	mkdir("/dev", 0755), mkdir("/proc", 0755), mkdir("/sys", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	file = fopen("/proc/cmdline", "r");
	if (file)
		fgets(line, sizeof(line), file), fclose(file);

	/* What resets a Raspberry Pi 3 and 4 under this kernel. */
	load("/bcm2835_wdt.ko");
	if (strstr(line, "prove=string")) {
		word = "0 tryboot";
	} else {
		load("/tryboot.ko");
		read_once();
		once("2");
		once("1");
		read_once();
	}
	say("rebooting with %s", word ? word : "no word");
	if (word)
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_RESTART2, word);
	else
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_RESTART, NULL);
	say("the reboot did not come: %s", strerror(errno));
	for (;;)
		pause();
}
