package config

import (
	"crypto/x509"
)

// certificateOptions are the options of a remote about what a certificate must be beyond leading to a CA.
func (r *Remote) certificateOptions() []option {
	return []option{
		{name: "require_policy", slot: many(&r.Policies, policyOID()), rfc: "RFC 5280, Section 6.1", aka: "remote.cert_policy",
			doc: "Certificate policies, as `1.3.6.1.4.1.32473.1`. The path of the peer's certificate must be issued under one of them."},
	}
}

// policyOID reads the object identifier of a certificate policy.
func policyOID() reader[string] {
	return textual("object identifier", `numbers such as "1.3.6.1.4.1.32473.1"`, func(s string) (string, error) {
		oid, err := x509.ParseOID(s)
		if err != nil {
			return "", &mistake{message: quote(printable(s)) + " is no object identifier"}
		}
		return oid.String(), nil
	}, func(s string) string { return s })
}
