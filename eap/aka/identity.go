package aka

import (
	"context"
	"errors"
	"strings"

	"culvert/eap"
	"culvert/explain"
)

// imsiLen is the length of an IMSI (ITU-T E.212; 3GPP TS 23.003, Section 2.2): 15 digits wherever networks are in use.
const imsiLen = 15

// IMSI returns that of an identity, which is the IMSI itself or a permanent user name with a digit in front that tells the
// method, both with or without a realm (RFC 4187, Section 4.1.1.6; RFC 9048, Section 3). It is "" of any other identity.
func IMSI(identity string) string {
	name, _, _ := strings.Cut(identity, "@")
	if strings.ContainsFunc(name, func(r rune) bool { return r < '0' || r > '9' }) {
		return ""
	}
	switch {
	case len(name) == imsiLen:
		return name
	case len(name) == 1+imsiLen && strings.IndexByte("06", name[0]) >= 0:
		return name[1:]
	}
	return ""
}

// Permanent returns the permanent identity of the IMSI in an identity: 0 in front tells AKA and 6 tells AKA'. What has no IMSI in
// it stays as it is.
func Permanent(identity string, prime bool) string {
	imsi := IMSI(identity)
	if imsi == "" {
		return identity
	}
	_, realm, hasRealm := strings.Cut(identity, "@")
	if hasRealm {
		realm = "@" + realm
	}
	if prime {
		return "6" + imsi + realm
	}
	return "0" + imsi + realm
}

// find looks a client up as it calls itself, and then by its IMSI.
func (s *server) find(ctx context.Context, identity string) (*eap.Account, error) {
	account, err := s.Accounts.Account(ctx, identity)
	if imsi := IMSI(identity); imsi != "" && isUnknown(err) {
		return s.Accounts.Account(ctx, imsi)
	}
	return account, err
}

// isUnknown tells whether nobody has the identity that an account was looked for.
func isUnknown(err error) bool {
	f, ok := errors.AsType[*eap.Failure](err)
	return ok && f.Code == explain.EAPUserUnknown
}
