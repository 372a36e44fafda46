package wire

// IPCompTransform is a compression algorithm of IPCOMP_SUPPORTED (RFC 7296, Section 3.10.1).
type IPCompTransform uint8

// IPComp transform IDs.
const (
	IPCompOUI     IPCompTransform = 1
	IPCompDEFLATE IPCompTransform = 2 // RFC 2394
	IPCompLZS     IPCompTransform = 3 // RFC 2395
	IPCompLZJH    IPCompTransform = 4 // RFC 3051
)

var ipcompNames = []named[IPCompTransform]{
	{IPCompOUI, "OUI"},
	{IPCompDEFLATE, "DEFLATE"},
	{IPCompLZS, "LZS"},
	{IPCompLZJH, "LZJH"},
}

// String returns the registered name, DEFLATE for example, or IPCOMP(n).
func (t IPCompTransform) String() string { return nameOf(ipcompNames, "IPCOMP", t) }

// GatewayType is the kind of a gateway identity in REDIRECT (RFC 5685, Section 9.2).
type GatewayType uint8

// Gateway identity types.
const (
	GatewayIPv4 GatewayType = 1
	GatewayIPv6 GatewayType = 2
	GatewayFQDN GatewayType = 3
)

var gatewayNames = []named[GatewayType]{
	{GatewayIPv4, "IPv4"},
	{GatewayIPv6, "IPv6"},
	{GatewayFQDN, "FQDN"},
}

// String returns the registered name, FQDN for example, or GATEWAY(n).
func (t GatewayType) String() string { return nameOf(gatewayNames, "GATEWAY", t) }

// ROHCAttribute is an attribute of ROHC_SUPPORTED (RFC 5857, Section 3.1.2).
type ROHCAttribute uint16

// ROHC attributes.
const (
	ROHCMaxCID  ROHCAttribute = 1
	ROHCProfile ROHCAttribute = 2
	ROHCInteg   ROHCAttribute = 3
	ROHCICVLen  ROHCAttribute = 4
	ROHCMRRU    ROHCAttribute = 5
)

var rohcNames = []named[ROHCAttribute]{
	{ROHCMaxCID, "MAX_CID"},
	{ROHCProfile, "ROHC_PROFILE"},
	{ROHCInteg, "ROHC_INTEG"},
	{ROHCICVLen, "ROHC_ICV_LEN"},
	{ROHCMRRU, "MRRU"},
}

// String returns the registered name, MAX_CID for example, or ROHC(n).
func (a ROHCAttribute) String() string { return nameOf(rohcNames, "ROHC", a) }

// PasswordMethod is a method of SECURE_PASSWORD_METHODS (RFC 6467, Section 3).
type PasswordMethod uint16

// Secure password methods.
const (
	PasswordPACE      PasswordMethod = 1 // RFC 6631
	PasswordAugPAKE   PasswordMethod = 2 // RFC 6628
	PasswordSecurePSK PasswordMethod = 3 // RFC 6617
)

var passwordNames = []named[PasswordMethod]{
	{PasswordPACE, "PACE"},
	{PasswordAugPAKE, "AugPAKE"},
	{PasswordSecurePSK, "Secure PSK Authentication"},
}

// String returns the registered name, PACE for example, or PASSWORD(n).
func (m PasswordMethod) String() string { return nameOf(passwordNames, "PASSWORD", m) }

// PPKIDType is the kind of a PPK identity (RFC 8784, Section 5.1).
type PPKIDType uint8

// PPK identity types.
const (
	PPKIDOpaque PPKIDType = 1
	PPKIDFixed  PPKIDType = 2
)

var ppkIDNames = []named[PPKIDType]{
	{PPKIDOpaque, "PPK_ID_OPAQUE"},
	{PPKIDFixed, "PPK_ID_FIXED"},
}

// String returns the registered name, PPK_ID_OPAQUE for example, or PPK_ID(n).
func (t PPKIDType) String() string { return nameOf(ppkIDNames, "PPK_ID", t) }

// AfRGCode is an attribute of header compression negotiation for Diet-ESP, 15 bits.
type AfRGCode uint16

// Attributes for rules generation that this project numbers.
const (
	AfRGESPTrailer    AfRGCode = 6
	AfRGRangeProposal AfRGCode = 0x7FFF
)

var afrgNames = []named[AfRGCode]{
	{AfRGESPTrailer, "esp_trailer"},
	{AfRGRangeProposal, "range_afrg_proposal"},
}

// String returns the attribute's name, esp_trailer for example, or AFRG(n).
func (c AfRGCode) String() string { return nameOf(afrgNames, "AFRG", c) }
