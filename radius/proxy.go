package radius

import (
	"culvert/eap"
)

// A Proxy is an eap.Server that leaves the decision to RADIUS servers. It is safe for concurrent use.
type Proxy struct {
	Group     *Group
	NAS       NAS
	FramedMTU uint16 // what the servers may put into one EAP packet (RFC 3579, Section 2.4); 0 is 1400
	Identity  IdentitySource
	Groups    GroupRules
}

// An IdentitySource says where the User-Name comes from.
type IdentitySource uint8

// The sources of identities.
const (
	AskIdentity IdentitySource = iota // an EAP-Request/Identity of ours
	IKEIdentity                       // IDi, without asking (RFC 7296, Section 2.16)
)

const defaultFramedMTU = 1400

// Begin starts a conversation.
func (p *Proxy) Begin(s eap.Session) (eap.Conversation, error) {
	return &conversation{proxy: p, session: s}, nil
}

// maxUserName is what fits one attribute.
const maxUserName = maxValue
