package wire

// GSAAttribute is an attribute of a group SA policy (RFC 9838).
type GSAAttribute uint16

// GSA attributes.
const (
	GSAKeyLifetime      GSAAttribute = 1
	GSAInitialMessageID GSAAttribute = 2
	GSANextSPI          GSAAttribute = 3
)

var gsaNames = []named[GSAAttribute]{
	{GSAKeyLifetime, "GSA_KEY_LIFETIME"},
	{GSAInitialMessageID, "GSA_INITIAL_MESSAGE_ID"},
	{GSANextSPI, "GSA_NEXT_SPI"},
}

// String returns the registered name, GSA_NEXT_SPI for example, or GSA(n).
func (a GSAAttribute) String() string { return nameOf(gsaNames, "GSA", a) }

// GroupPolicyAttribute is an attribute of a group-wide policy (RFC 9838).
type GroupPolicyAttribute uint16

// Group-wide policy attributes.
const (
	GWPATD          GroupPolicyAttribute = 1
	GWPDTD          GroupPolicyAttribute = 2
	GWPSenderIDBits GroupPolicyAttribute = 3
)

var gwpNames = []named[GroupPolicyAttribute]{
	{GWPATD, "GWP_ATD"},
	{GWPDTD, "GWP_DTD"},
	{GWPSenderIDBits, "GWP_SENDER_ID_BITS"},
}

// String returns the registered name, GWP_ATD for example, or GWP(n).
func (a GroupPolicyAttribute) String() string { return nameOf(gwpNames, "GWP", a) }

// GroupKeyAttribute is an attribute of a group key bag (RFC 9838).
type GroupKeyAttribute uint16

// GroupKeySAKey is the only attribute of a group key bag.
const GroupKeySAKey GroupKeyAttribute = 1

var groupKeyNames = []named[GroupKeyAttribute]{{GroupKeySAKey, "SA_KEY"}}

// String returns SA_KEY or GROUP_KEY(n).
func (a GroupKeyAttribute) String() string { return nameOf(groupKeyNames, "GROUP_KEY", a) }

// MemberKeyAttribute is an attribute of a member key bag (RFC 9838).
type MemberKeyAttribute uint16

// Member key bag attributes.
const (
	MemberKeyWrapKey    MemberKeyAttribute = 1
	MemberKeyAuthKey    MemberKeyAttribute = 2
	MemberKeyGMSenderID MemberKeyAttribute = 3
)

var memberKeyNames = []named[MemberKeyAttribute]{
	{MemberKeyWrapKey, "WRAP_KEY"},
	{MemberKeyAuthKey, "AUTH_KEY"},
	{MemberKeyGMSenderID, "GM_SENDER_ID"},
}

// String returns the registered name, WRAP_KEY for example, or MEMBER_KEY(n).
func (a MemberKeyAttribute) String() string { return nameOf(memberKeyNames, "MEMBER_KEY", a) }
