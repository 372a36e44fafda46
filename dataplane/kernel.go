package dataplane

// Kernel is what the kernel's own data plane honours and no other: they refuse an SA or policy with it (ErrKernelOnly). The
// zero Kernel asks for nothing. It is comparable.
type Kernel struct {
	MarkIn, MarkOut       Mark // of the packets that inbound and outbound SAs and policies are for
	SetMarkIn, SetMarkOut Mark // put on packets once they are opened, and on ESP packets
	MarkInSA              bool // inbound SAs want MarkIn, too: packets have it before they are opened
	IfIDIn, IfIDOut       InterfaceID
	Interface             string // XFRM interface that is there while the policy is; empty: none
	Device                string // network device to which policies are limited; empty: any
	Offload               Offload
	Label                 string // security context for SAs and policies; empty: none
	NoPolicies            bool   // SAs alone: policies, routes and addresses are made by others
	ForwardOut            bool   // a forward policy for what leaves, too, beside one that drops whatever has none
	ICMP                  bool   // look for the policy of an ICMP error by the packet that it quotes
}

// A Mark is a value and the bits of it that count.
type Mark struct {
	Value, Mask uint32
	Choice      Choice
}

// An InterfaceID is the number of XFRM interfaces; 0: none.
type InterfaceID struct {
	Number uint32
	Choice Choice
}

// Offload says what a network device does for an SA.
type Offload uint8

// The kinds of offload.
const (
	OffloadNo     Offload = iota
	OffloadCrypto         // the device encrypts and authenticates
	OffloadPacket         // the device does all of ESP
	OffloadAuto           // the most that the device can
)
