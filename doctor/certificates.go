package doctor

import (
	"context"
	"crypto/x509"
	"slices"
	"time"

	"culvert/auth/chain"
	"culvert/config"
	"culvert/explain"
)

// soon is when a certificate that ends deserves a word.
const soon = 30 * 24 * time.Hour

func checkCertificates(_ context.Context, e *examination) {
	seen := map[string]bool{}
	for _, c := range e.connections() {
		for _, r := range c.Local.Rounds() {
			e.certificateFiles(seen, "our certificate", c.Name, r.Certificates)
			for _, a := range r.Alternatives {
				e.certificateFiles(seen, "our certificate", c.Name, a.Certificates)
			}
		}
		for _, r := range c.Remote.Rounds() {
			e.certificateFiles(seen, "the authority", c.Name, r.CAs)
			e.certificateFiles(seen, "the intermediate authority", c.Name, slices.Concat(r.Intermediates, r.Via))
			e.certificateFiles(seen, "the peer's certificate", c.Name, r.Pinned)
		}
	}
	for _, d := range e.Diagnostics {
		if d.Code == explain.ConfigCertChain {
			e.warn(d.Hint, "%s: %s", d.Place, d.Message)
		}
	}
	if len(seen) == 0 {
		e.ok("no certificates are configured")
	}
}

func (e *examination) certificateFiles(seen map[string]bool, what, connection string, files []config.CertificateFile) {
	for _, f := range files {
		for _, c := range f.Certificates {
			if key := string(c.Raw); !seen[key] {
				seen[key] = true
				e.certificate(what, connection, f.Path, c)
			}
		}
	}
}

func (e *examination) certificate(what, connection, file string, c *x509.Certificate) {
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	name := chain.Name(c)
	switch {
	case e.Now.Before(c.NotBefore):
		e.fail("is the clock right? Otherwise wait, or have it issued anew", "%s of %s, %s in %s, is valid from %s on", what, connection, name, file, c.NotBefore.UTC().Format(time.RFC3339))
	case e.Now.After(c.NotAfter):
		e.fail("issue it anew; `culvert reload` takes it into use", "%s of %s, %s in %s, expired on %s", what, connection, name, file, day(c.NotAfter))
	case e.Now.Add(soon).After(c.NotAfter):
		e.warn("issue it anew in time; `culvert reload` takes it into use", "%s of %s, %s in %s, expires on %s", what, connection, name, file, day(c.NotAfter))
	default:
		e.ok("%s of %s, %s, is valid until %s", what, connection, name, day(c.NotAfter))
	}
}
