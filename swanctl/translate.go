package swanctl

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/config"
	"culvert/explain"
	"culvert/swanctl/settings"
)

// A Translation is a Setup as configuration of Culvert.
type Translation struct {
	files    map[string][]byte        // by absolute path; with secrets among them, so they go nowhere but into memory
	keys     map[string]crypto.Signer // in tokens, which are open, by their URI
	names    []string                 // of those that are configuration, to be loaded
	loaders  map[string]string        // what has loaded each of them
	told     map[string][]origin
	findings config.Diagnostics
}

// A translation is one that is being made.
type translation struct {
	setup    *Setup
	where    placement
	findings config.Diagnostics
	texts    map[string]*block // by loader
	taken    map[string]bool   // names of blocks
	keys     []ppk
	people   *block // the accounts
}

// Translate turns a Setup into configuration. Every key that cannot be used is among the findings.
func Translate(s *Setup) *Translation {
	m := &memory{files: make(map[string][]byte), keys: make(map[string]crypto.Signer)}
	t := translate(s, m)
	done := &Translation{files: m.files, keys: m.keys, loaders: map[string]string{}, told: map[string][]origin{}, findings: t.findings}
	for _, loader := range slices.Sorted(maps.Keys(t.texts)) {
		name := Folder + loader + ".hcl"
		var w text
		t.texts[loader].write(&w, 0)
		done.files[name], done.told[name] = []byte(w.String()), w.lines
		done.names, done.loaders[name] = append(done.names, name), loader
	}
	return done
}

func translate(s *Setup, p placement) *translation {
	own := *s // authorities are added to it
	t := &translation{setup: &own, where: p, texts: make(map[string]*block), taken: make(map[string]bool)}
	t.secrets()
	for _, o := range s.Authorities {
		t.authority(o)
	}
	for _, o := range s.Pools {
		t.pool(o)
	}
	for _, o := range s.Connections {
		t.connection(o)
	}
	return t
}

// text returns the outermost level of what a loader has loaded.
func (t *translation) text(loader string) *block {
	if t.texts[loader] == nil {
		t.texts[loader] = new(block)
	}
	return t.texts[loader]
}

// tell gives diagnostics of the configuration the places of the Setup, and leaves out what is told twice.
func (t *Translation) tell(found config.Diagnostics) config.Diagnostics {
	var all config.Diagnostics
	seen := make(map[config.Diagnostic]bool)
	for _, d := range found {
		lines, ours := t.told[d.File]
		if ours && d.Line > 0 && d.Line <= len(lines) {
			d = lines[d.Line-1].reword(d)
		}
		if !seen[d] {
			seen[d] = true
			all = append(all, d)
		}
	}
	return all
}

// name makes the name of a block that nobody has to type of what somebody has named otherwise.
func (t *translation) name(kind, wish string) string {
	const longest = 48
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, wish)
	clean = strings.TrimLeft(clean, ".-")
	clean = clean[:min(len(clean), longest)]
	if clean == "" {
		clean = kind
	}
	for n, name := 2, clean; ; n++ {
		if !t.taken[kind+" "+name] {
			t.taken[kind+" "+name] = true
			return name
		}
		name = fmt.Sprintf("%s-%d", clean, n)
	}
}

// certificate reads a certificate that stands in a list, and finds where it comes from.
func (t *translation) certificate(kind CertificateKind, blob []byte, path string) (Certificate, error) {
	certs, err := auth.ParseCertificates(blob)
	if err != nil {
		return Certificate{}, &mistake{"no certificate: " + err.Error(), ""}
	}
	return newCertificate(kind, certs[0], path)
}

func newCertificate(kind CertificateKind, c *x509.Certificate, path string) (Certificate, error) {
	pub, err := chain.PublicKey(c)
	return Certificate{Kind: kind, DER: c.Raw, X509: c, Key: pub, Path: path}, err
}

// origin returns where the object stands.
func (o Object) origin(kind string) origin { return origin{kind + "." + o.Name, o.Place} }

// nameable refuses an object with a name that a block of Culvert cannot have.
func (t *translation) nameable(o Object, kind string) bool {
	bad := strings.IndexFunc(o.Name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
	if o.Name != "" && len(o.Name) <= 64 && bad < 0 && !strings.ContainsRune(".-", rune(o.Name[0])) {
		return true
	}
	t.refuse(o.origin(kind).diagnostic(config.Error, explain.ConfigBadName,
		"the name cannot be used: names have letters, digits, \".\", \"_\" and \"-\", up to 64, and begin with none of \".\" and \"-\"", "rename it"))
	return false
}

// sections lists those of a section.
func sections(s *settings.Section) (list []settings.Item) {
	for _, i := range s.Items {
		if i.Kind == settings.Sub {
			list = append(list, i)
		}
	}
	return list
}
