package config

import (
	"fmt"
	"hash/fnv"

	"github.com/hashicorp/hcl/v2"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
)

// kernelOptions are those that the kernel's data plane alone honours.
func (c *Child) kernelOptions() []option {
	const only = " The kernel's data plane only."
	k := &c.Kernel
	return []option{
		{name: "mark_in", slot: one(&k.MarkIn, packetMark()), rfc: "ip-xfrm(8)", aka: "mark_in",
			doc: "Mark of the packets that inbound policies are for, with the bits of it that count: `0x11/0xff`. `0`: any. `unique`: a number of each Child SA's own; `unique-dir`: of each direction's." + only},
		{name: "mark_in_sa", slot: one(&k.MarkInSA, boolean()), rfc: "ip-xfrm(8)", aka: "mark_in_sa",
			doc: "Have the inbound SA want `mark_in` too: packets need it before they are opened." + only},
		{name: "mark_out", slot: one(&k.MarkOut, packetMark()), rfc: "ip-xfrm(8)", aka: "mark_out",
			doc: "Mark of the packets that the outbound SA and policies are for, in the words of `mark_in`." + only},
		{name: "set_mark_in", slot: one(&k.SetMarkIn, markToSet()), rfc: "ip-xfrm(8)", aka: "set_mark_in",
			doc: "Mark that packets get once they are opened. `0`: none. `same`: the value of `mark_in`." + only},
		{name: "set_mark_out", slot: one(&k.SetMarkOut, markToSet()), rfc: "ip-xfrm(8)", aka: "set_mark_out",
			doc: "Mark that ESP packets get, for policy routing. `0`: none. `same`: the value of `mark_out`." + only},
		{name: "if_id_in", slot: one(&k.IfIDIn, interfaceID()), rfc: "ip-link(8)", aka: "if_id_in", computed: "if_id_in of the connection",
			doc: "Number of the XFRM interfaces through which the child's packets arrive. 0: none. `unique`: a number of each Child SA's own; `unique-dir`: of each direction's." + only},
		{name: "if_id_out", slot: one(&k.IfIDOut, interfaceID()), rfc: "ip-link(8)", aka: "if_id_out", computed: "if_id_out of the connection",
			doc: "Number of the XFRM interfaces whose packets the child takes, likewise." + only},
		{name: "device", slot: one(&k.Device, word("interface name", 15)), rfc: "ip-xfrm(8)", aka: "interface",
			doc: "Network device to which the child's policies are limited: other packets do not meet them." + only},
		{name: "interface", slot: one(&k.Interface, word("interface name", 15)), rfc: "ip-link(8)",
			doc: "Name of an XFRM interface that is there while the child's policy is, with routes to the peer's side. Its number is `if_id_in` and `if_id_out`, which are one number then; without them it is made from the name." + only},
		{name: "hw_offload", slot: one(&k.Offload, choice("kind of offload", value("no", dataplane.OffloadNo), value("crypto", dataplane.OffloadCrypto),
			value("packet", dataplane.OffloadPacket), value("auto", dataplane.OffloadAuto))), rfc: "ip-xfrm(8)", aka: "hw_offload",
			doc: "What the network device does: its cryptography, all of ESP, or with `auto` the most that it can." + only},
		{name: "install_policies", slot: one(&k.NoPolicies, inverted()), rfc: "ip-xfrm(8)", aka: "policies",
			doc: "Give policies to the kernel. With `false` SAs alone are there: others make policies, which name them by `reqid`, and routes." + only},
		{name: "forward_policies", slot: one(&k.ForwardOut, boolean()), rfc: "ip-xfrm(8)", aka: "policies_fwd_out",
			doc: "Have a forward policy for outbound traffic too, where another one drops what has none." + only},
		{name: "icmp", slot: one(&k.ICMP, boolean()), rfc: "RFC 4301, Section 6.2", aka: "icmp",
			doc: "Judge ICMP errors by the packet that they quote. " + "The data plane in user space always does." + only},
		{name: "security_label", slot: one(&k.Label, word("security context", 256)), rfc: "ip-xfrm(8)", aka: "label",
			doc: "SELinux context of the packets that SAs and policies are for. It is not negotiated." + only},
	}
}

// finishInterfaces gives children the numbers of the connection where they have none. Those that are chosen stay with it: they are
// of the IKE SA.
func (c *Connection) finishInterfaces(d *decoder) {
	none := dataplane.InterfaceID{}
	for _, child := range c.Children {
		k := &child.Kernel
		if k.IfIDIn == none && !child.Given("if_id_in") && c.IfIDIn.Choice == dataplane.Fixed {
			k.IfIDIn = c.IfIDIn
		}
		if k.IfIDOut == none && !child.Given("if_id_out") && c.IfIDOut.Choice == dataplane.Fixed {
			k.IfIDOut = c.IfIDOut
		}
		child.finishInterface(d)
	}
}

// finishInterface gives an interface its number.
func (c *Child) finishInterface(d *decoder) {
	k := &c.Kernel
	switch {
	case k.Interface == "":
	case k.IfIDIn != k.IfIDOut:
		d.contradiction(&c.Origin, "interface", "interface %s has one number, but if_id_in is %s and if_id_out %s", k.Interface, formatInterfaceID(k.IfIDIn), formatInterfaceID(k.IfIDOut))
	case k.IfIDIn.Choice != dataplane.Fixed:
		d.contradiction(&c.Origin, "interface", "interface %s has one number, but if_id_in is %s", k.Interface, formatInterfaceID(k.IfIDIn))
	case k.IfIDIn.Number == 0:
		h := fnv.New32a()
		h.Write([]byte(k.Interface))
		k.IfIDIn.Number = h.Sum32() | 1
		k.IfIDOut = k.IfIDIn
	}
}

// OwnInterfaces tells whether children of the connection have the number of an XFRM interface from it.
func (c *Connection) OwnInterfaces() bool {
	return c.IfIDIn != dataplane.InterfaceID{} || c.IfIDOut != dataplane.InterfaceID{}
}

// checkKernelOptions reports options of children that the configured data plane cannot honour, and those that no data plane can
// honour together.
func (d *decoder) checkKernelOptions(c *Connection) {
	backend := d.config.Daemon.Dataplane.Backend
	if option := c.first("if_id_in", "if_id_out"); option != "" && c.OwnInterfaces() && (backend == BackendUser || backend == BackendFake) {
		d.misplaced(c.span(option), option, "the kernel", `"kernel" or "auto"`)
	}
	for _, child := range c.Children {
		given := child.givenKernelOptions()
		switch {
		case backend == BackendUser || backend == BackendFake:
			for _, name := range given {
				d.misplaced(child.span(name), name, "the kernel", `"kernel" or "auto"`)
			}
		case backend == BackendKernel:
			for _, o := range c.userOptions(child) {
				d.misplaced(o.at, o.text, "user space", `"user" or "auto"`)
			}
		case len(given) > 0:
			for _, o := range c.userOptions(child) {
				d.report(explain.ConfigContradiction, o.at, finding{
					message: fmt.Sprintf("%s needs the data plane in user space, and %s that of the kernel", o.text, given[0]),
					hint:    "leave one of the two out"})
			}
		}
	}
}

// misplaced reports an option that needs another data plane than the configured one.
func (d *decoder) misplaced(at hcl.Range, option, needed, backends string) {
	d.report(explain.ConfigContradiction, at, finding{
		message: fmt.Sprintf("%s needs the data plane of %s, and daemon.dataplane.backend is %q", option, needed, d.config.Daemon.Dataplane.Backend),
		hint:    "set backend to " + backends + ", or leave the option out"})
}

// givenKernelOptions are the names of the kernel's options that the child has, and that ask for something.
func (c *Child) givenKernelOptions() (list []string) {
	without := newChild().kernelOptions()
	for i, o := range c.kernelOptions() {
		if c.Given(o.name) && o.slot.stored() != without[i].slot.stored() {
			list = append(list, o.name)
		}
	}
	return list
}

// A userOption is an option that the data plane in user space alone honours, and where it stands.
type userOption struct {
	at   hcl.Range
	text string
}

// userOptions are those that a child has, with the transport of its connection.
func (c *Connection) userOptions(child *Child) (list []userOption) {
	if c.Transport != ike.TransportUDP {
		list = append(list, userOption{c.span("transport"), "ESP in TCP"})
	}
	if child.DF == dataplane.DFSet {
		list = append(list, userOption{child.span("df"), `df = "set"`})
	}
	if child.Cover > 0 {
		list = append(list, userOption{child.span("tfc_rate"), "tfc_rate"})
	}
	if mode := child.IPTFS.Mode; mode == IPTFSConstant || mode == IPTFSControlled {
		list = append(list, userOption{child.IPTFS.span("mode"), "IP-TFS at a rate"})
	}
	return list
}

// inverted reads true into false: what is there unless it is switched off.
func inverted() reader[bool] {
	r := boolean()
	parse, format := r.parse, r.format
	r.parse = func(l literal) (bool, error) {
		b, err := parse(l)
		return !b, err
	}
	r.format = func(b bool) string { return format(!b) }
	return r
}
