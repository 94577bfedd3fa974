"""A new card in a house without a cable: the box opens a network of its own, a phone joins it, is led to
the set-up page and claims the box; then the household's network is named, and joined. The radios are
the kernel's own simulation (mac80211_hwsim), with two of them: the box has the one, and the phone, or
the household's router, the other, in a network namespace of its own."""
import time

from machine import narrow
from report import expect, until
from chapter_first import held_to_list
from chapter_trouble import on_a_new_card
from owner import CODE, PASSWORD as OWNERS

RADIOS = "modules_load=mac80211_hwsim mac80211_hwsim.radios=2"
INSIDE = "nsenter -t $(cat /tmp/other) -n"
HOUSE, PASSWORD = "The Neighbours", "a good long password"

OTHER_DEVICE = """
unshare -n sleep 900 & echo $! > /tmp/other; sleep 1
iw phy $(cat /sys/class/net/wlan1/phy80211/name) set netns $(cat /tmp/other)
cat > /tmp/lease <<'E'
#!/usr/bin/busybox sh
[ "$1" = bound ] && busybox ip addr add $ip/24 dev $interface && echo "leased $ip of $router, names by $dns"
exit 0
E
chmod +x /tmp/lease
"""

PHONE = """
ssid=$(sed -n 's/.*"ssid":"\\([^"]*\\)".*/\\1/p' /run/credenza/ap.json)
printf 'network={\\n ssid="%s"\\n key_mgmt=NONE\\n}\\n' "$ssid" > /tmp/phone
INSIDE wpa_supplicant -B -i wlan1 -D nl80211 -P /tmp/phone.pid -c /tmp/phone >/dev/null
INSIDE busybox udhcpc -i wlan1 -q -n -t 20 -s /tmp/lease 2>/dev/null
""".replace("INSIDE", INSIDE)

ROUTER = f"""
kill $(cat /tmp/phone.pid); sleep 1
{INSIDE} busybox ip addr flush dev wlan1
printf 'ap_scan=2\\nnetwork={{\\n ssid="{HOUSE}"\\n psk="{PASSWORD}"\\n mode=2\\n key_mgmt=WPA-PSK\\n' > /tmp/router
printf ' proto=RSN\\n pairwise=CCMP\\n frequency=2412\\n}}\\n' >> /tmp/router
{INSIDE} busybox ip addr add 10.99.0.1/24 dev wlan1
{INSIDE} wpa_supplicant -B -i wlan1 -D nl80211 -c /tmp/router >/dev/null
touch /tmp/leases
printf 'start 10.99.0.20\\nend 10.99.0.30\\ninterface wlan1\\nlease_file /tmp/leases\\npidfile /tmp/udhcpd\\n' > /tmp/udhcpd.conf
{INSIDE} busybox udhcpd /tmp/udhcpd.conf
"""


def asked(host, path):
    """What a phone in the box's network is answered."""
    request = f"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n"
    # A client that says goodbye before it has its answer gets none: so it stays a while.
    return f"{INSIDE} sh -c '(printf \"{request}\"; sleep 2) | busybox nc 10.77.0.1 80'"


def claimed():
    """How the phone claims the box, with what its owner types there."""
    form = f'{{\\"code\\":\\"{CODE}\\",\\"password\\":\\"{OWNERS}\\"}}'
    length = len(form.replace("\\", ""))
    head = ("POST /api/claim HTTP/1.1\\r\\nHost: 10.77.0.1\\r\\nConnection: close\\r\\n"
            f"Content-Type: application/json\\r\\nContent-Length: {length}\\r\\n\\r\\n")
    return f"{INSIDE} sh -c '(printf \"{head}\"; printf \"{form}\"; sleep 2) | busybox nc 10.77.0.1 80'"


def no_cable(t):
    def cable(up):
        t.box.machine.qmp.ask("set_link", name="net", up=up)

    def is_open():
        told = t.box.run("systemctl is-active credenza-ap.service; busybox ip -4 addr show wlan0; true")
        return told.startswith("active") and "10.77.0.1/24" in told

    def play():
        with t.step("a new card, and no cable from the start: the box opens a Wi-Fi network of its own"):
            t.box.power()
            cable(False)
            began = time.monotonic()
            until("the box's own network", 300, is_open)
            t.note(f"after {time.monotonic() - began:.0f} s")
        with t.step("a phone joins it, has an address, and is led to the box"):
            t.box.run(OTHER_DEVICE)
            leased = t.box.run(PHONE, 120)
            expect("of 10.77.0.1, names by 10.77.0.1" in leased, f"no lease: {leased}")
            lookup = f"{INSIDE} busybox nslookup captive.apple.com 10.77.0.1 2>&1; true"
            until("every name leads to the box", 60, lambda: "Address: 10.77.0.1" in t.box.run(lookup))
            probe = t.box.run(asked("captive.apple.com", "/hotspot-detect.html"))
            expect("302 Found" in probe and "http://10.77.0.1/setup" in probe, f"no portal: {probe}")
            page = t.box.run(asked("10.77.0.1", "/setup"))
            expect("200 OK" in page and "</form>" in page, f"no page: {page[:300]}")
            held_to_list(t, "own")
        with t.step("it claims the box, which leads to its way in from then on"):
            claim = t.box.run(claimed())
            expect("201 Created" in claim, f"no claim: {claim[:300]}")
            page = t.box.run(asked("10.77.0.1", "/setup"))
            expect("303 See Other" in page and "/login" in page, f"no way in: {page[:300]}")
            page = t.box.run(asked("10.77.0.1", "/login"))
            expect("200 OK" in page and "</form>" in page, f"no page: {page[:300]}")
        with t.step("a cable comes: the box's own network closes, and the house finds the box"):
            cable(True)
            until("it is closed", 120, lambda: not is_open())
            t.box.wait_health(60)
        with t.step("the household's Wi-Fi is named on the page, and joined"):
            t.box.run(ROUTER, 60)
            t.owner.login()
            answer = t.owner.post("/api/box/wifi", {"ssid": HOUSE, "password": PASSWORD, "country": "DE"})
            expect(answer.status in (202, 204), f"wifi: {answer.status} {answer.message}")
            until("an address of the house", 120,
                  lambda: "10.99.0." in t.box.run("busybox ip -4 addr show wlan0"))
            expect(PASSWORD not in t.box.run("journalctl --no-pager -b"), "the log tells the password")

    on_a_new_card(t, narrow(command_line=RADIOS), play)
