"""What the box says on its network, as QEMU's filter-dump writes it: a file of libpcap's."""
import struct

MDNS, SSDP = 5353, 1900


def datagrams(path, port):
    """The bytes of each UDP datagram to this port, over IPv4 and Ethernet."""
    data = path.read_bytes()
    at = 24
    while at + 16 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 8)
        frame = data[at + 16 : at + 16 + length]
        at += 16 + length
        if frame[12:14] != b"\x08\x00" or frame[23:24] != b"\x11":
            continue
        udp = frame[14 + (frame[14] & 15) * 4 :]
        if len(udp) >= 8 and struct.unpack_from(">H", udp, 2)[0] == port:
            yield udp[8:]


def goodbyes(path):
    """The names whose records end (RFC 6762, 10.1: a time to live of 0), and the types of SSDP's
    `ssdp:byebye` (UPnP Device Architecture 1.1, 1.2.3)."""
    names = {name for message in datagrams(path, MDNS) for name, ttl in _answers(message) if ttl == 0}
    types = set()
    for message in datagrams(path, SSDP):
        fields = dict(line.partition(": ")[::2] for line in message.decode(errors="replace").split("\r\n"))
        if fields.get("NTS") == "ssdp:byebye":
            types.add(fields.get("NT"))
    return names, types


def _answers(message):
    """Name and time to live of each answer of a DNS message (RFC 1035, 4.1)."""
    if len(message) < 12:
        return
    questions, answers = struct.unpack_from(">HH", message, 4)
    at = 12
    for _ in range(questions):
        _, at = _name(message, at)
        at += 4
    for _ in range(answers):
        name, at = _name(message, at)
        ttl, length = struct.unpack_from(">IH", message, at + 4)
        yield name, ttl
        at += 10 + length


def _name(message, at):
    """A name, and where the byte behind it lies. Compression points backwards (RFC 1035, 4.1.4)."""
    labels = []
    while length := message[at]:
        if length >= 0xC0:
            rest, _ = _name(message, struct.unpack_from(">H", message, at)[0] & 0x3FFF)
            return ".".join([*labels, rest]), at + 2
        labels.append(message[at + 1 : at + 1 + length].decode(errors="replace"))
        at += 1 + length
    return ".".join(labels), at + 1
