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
	e.loadedCertificates(seen)
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

// loadedCertificates looks at those of connections that the daemon has from elsewhere than the file.
func (e *examination) loadedCertificates(seen map[string]bool) {
	roles := map[string]string{"own": "our certificate", "ca": "the authority", "intermediate": "the intermediate authority", "pinned": "the peer's certificate"}
	for _, c := range e.Loaded.Certificates {
		for _, use := range c.Uses {
			loaded := slices.ContainsFunc(e.Loaded.Connections, func(l *config.Connection) bool { return l.Name == use.Connection })
			if key := c.Fingerprint; loaded && roles[use.Role] != "" && !seen[key] {
				seen[key] = true
				e.validity(roles[use.Role]+" of "+use.Connection, c.Subject, "the daemon", c.NotBefore, c.NotAfter)
			}
		}
	}
}

func (e *examination) certificate(what, connection, file string, c *x509.Certificate) {
	e.validity(what+" of "+connection, chain.Name(c), file, c.NotBefore, c.NotAfter)
}

func (e *examination) validity(what, name, place string, from, until time.Time) {
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	switch {
	case e.Now.Before(from):
		e.fail("is the clock right? Otherwise wait, or have it issued anew", "%s, %s in %s, is valid from %s on", what, name, place, from.UTC().Format(time.RFC3339))
	case e.Now.After(until):
		e.fail("issue it anew; `culvert reload` takes it into use", "%s, %s in %s, expired on %s", what, name, place, day(until))
	case e.Now.Add(soon).After(until):
		e.warn("issue it anew in time; `culvert reload` takes it into use", "%s, %s in %s, expires on %s", what, name, place, day(until))
	default:
		e.ok("%s, %s, is valid until %s", what, name, day(until))
	}
}
