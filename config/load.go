package config

import (
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"culvert/explain"
	"culvert/keystore"
	"culvert/wire"
)

// DefaultPath is where the configuration is looked for.
const DefaultPath = "/etc/culvert/culvert.hcl"

// A Source is where a configuration is read from.
type Source struct {
	Files       fs.FS     // its root is "/"
	Credentials string    // directory of credentials that systemd has given; "": none
	State       string    // directory for the state that systemd has given, where daemon.state_dir says nothing; "": none
	Now         time.Time // for the validity of certificates; zero: it is not checked
	// Keys opens a private key that is in no file, as keystore.Store does with some PKCS #11 modules. nil: there are none.
	Keys func(modules []keystore.Module, kind keystore.Kind, name string) (crypto.Signer, error)
	// Certificate reads one in a PKCS #11 token, likewise.
	Certificate func(modules []keystore.Module, uri string) ([]byte, error)
	Modules     []keystore.Module // PKCS #11 modules beside those of the files
	// Loaders names what has loaded a file, for Connection.Source; those that are not in it are LoadedByFile. What is in it may
	// lack keys, secrets and authorities, as they may be loaded later.
	Loaders map[string]string
}

// LoadedByFile is the Source of connections of configuration files.
const LoadedByFile = "file"

// System is the source of this machine.
func System(now time.Time) Source {
	return Source{
		Files: os.DirFS("/"), Credentials: os.Getenv("CREDENTIALS_DIRECTORY"), State: firstDirectory(os.Getenv("STATE_DIRECTORY")),
		Now: now, Keys: open, Certificate: certificate,
	}
}

// firstDirectory is the first of the directories that systemd names in one variable, with colons between them; "" if it is not absolute.
func firstDirectory(list string) string {
	first, _, _ := strings.Cut(list, ":")
	if !path.IsAbs(first) {
		return ""
	}
	return first
}

// certificate reads one in a token.
func certificate(modules []keystore.Module, uri string) ([]byte, error) {
	return keystore.Store{Modules: modules}.Certificate(uri)
}

// open opens a key in the key stores of this machine.
func open(modules []keystore.Module, kind keystore.Kind, name string) (crypto.Signer, error) {
	return keystore.Store{Modules: modules}.Open(kind, name)
}

// Load reads the configuration that begins at an absolute path, and more files as if that one included them. The first may be
// "", which is none. The Config is nil when there are errors among the diagnostics; warnings alone leave it usable.
func (s Source) Load(name string, more ...string) (*Config, Diagnostics) {
	d := s.decoder()
	d.main = name
	for _, name := range append([]string{name}, more...) {
		if name != "" {
			d.begin(name)
		}
	}
	if !d.broken && !d.findings.Errors() {
		d.check()
	}
	d.sort()
	if d.findings.Errors() {
		return nil, d.findings
	}
	return d.config, d.findings
}

// preset is a configuration that says nothing, on this machine.
func (s Source) preset() *Config {
	c := newConfig()
	if s.State != "" {
		c.Daemon.StateDir = s.State
	}
	return c
}

func (s Source) decoder() *decoder {
	return &decoder{
		Source: s, config: s.preset(),
		texts: make(map[string]*text), opened: make(map[string]hcl.Range), exposed: make(map[string]bool),
	}
}

// begin reads a file that no other includes.
func (d *decoder) begin(name string) { d.file(path.Clean(name), hcl.Range{Filename: name}) }

// A file is the outermost level of a file.
type file struct {
	Origin
	include []string
	loader  string // what has loaded it
}

// configurationKind names what no block is around.
const configurationKind = "the configuration"

// schema of a file whose blocks go to a configuration.
func (f *file) schema(c *Config) schema {
	return schema{
		kind: configurationKind, origin: &f.Origin,
		doc: "What stands outside of all blocks.",
		options: []option{
			{name: "include", slot: many(&f.include, pattern()),
				doc: "Files to read as if they stood here; `*` stands for any part of a name. Paths are relative to the directory of the file."},
		},
		blocks: []nested{
			{kind: "daemon", open: func() schema { return c.Daemon.schema() }},
			{kind: "metrics", open: func() schema { return c.Metrics.schema() }},
			{kind: "connection", many: true, open: func() schema { return add(&c.Connections, newConnection(f.loader)).schema() }},
			{kind: "pool", many: true, open: func() schema { return add(&c.Pools, new(Pool)).schema() }},
			{kind: "secret", many: true, open: func() schema { return add(&c.Secrets, new(Secret)).schema() }},
			{kind: "ppk", many: true, open: func() schema { return add(&c.PPKs, &PPK{Type: wire.PPKIDFixed}).schema() }},
			{kind: "radius", many: true, open: func() schema { return add(&c.RADIUS, newRADIUS()).schema() }},
			{kind: "users", many: true, open: func() schema { return add(&c.Users, new(Users)).schema() }},
			{kind: "policy", many: true, open: func() schema { return add(&c.Policies, newPolicy()).schema() }},
			{kind: "api", open: func() schema { return c.API.schema() }},
			{kind: "authority", many: true, open: func() schema { return add(&c.Authorities, new(Authority)).schema() }},
			{kind: "pkcs11_module", many: true, open: func() schema { return add(&c.Modules, newModule()).schema() }},
			{kind: "webhook", many: true, open: func() schema { return add(&c.Webhooks, newWebhook()).schema() }},
			{kind: "vici", open: func() schema { return c.VICI.schema() }},
			{kind: "telemetry", open: func() schema { return c.Telemetry.schema() }},
		},
	}
}

// add appends a block and returns it.
func add[B any](list *[]B, b B) B {
	*list = append(*list, b)
	return b
}

// pattern reads the pattern of an include.
func pattern() reader[string] {
	return textual("path or pattern", `a path or pattern such as "conf.d/*.hcl"`, func(s string) (string, error) {
		_, err := path.Match(s, "")
		if err != nil {
			err = fmt.Errorf("%q is no pattern: a bracket is not closed", s)
		}
		return s, err
	}, func(s string) string { return s })
}

// file reads one file and what it includes. at is where it is named.
func (d *decoder) file(name string, at hcl.Range) {
	raw, err := d.readFile(name)
	if err != nil {
		d.unreadable(name, at, err)
		return
	}
	d.config.Paths = append(d.config.Paths, name)
	d.texts[name] = &text{raw: raw}
	in := d.parse(name, raw)
	if in == nil {
		d.broken = true
		return
	}
	f := file{loader: cmp.Or(d.Loaders[name], LoadedByFile)}
	outermost := f.schema(d.config)
	if d.modulesOnly {
		outermost = outermost.modulesAlone()
	}
	d.body(outermost, in, d.opened)
	for i, pattern := range f.include {
		d.include(name, pattern, f.span(element("include", i)))
	}
}

func (d *decoder) unreadable(name string, at hcl.Range, err error) {
	m := fileMistake(name, err).(*mistake)
	if len(d.config.Paths) == 0 && errors.Is(err, fs.ErrNotExist) {
		m.hint = "name the configuration with --config; `culvert check --config FILE` tries one out"
	}
	d.broken = true
	d.report(explain.ConfigFile, at, finding{message: m.message, hint: m.hint})
}

// include reads the files that a pattern names. A pattern may find nothing, a path without pattern must be there.
func (d *decoder) include(from, pattern string, at hcl.Range) {
	const deepest, most = 8, 10000
	if !path.IsAbs(pattern) {
		pattern = path.Join(path.Dir(from), pattern)
	}
	if d.depth == deepest {
		d.report(explain.ConfigInclude, at, finding{message: fmt.Sprintf("files include each other more than %d levels deep", deepest)})
		return
	}
	names := []string{pattern}
	if strings.ContainsAny(pattern, `*?[\`) {
		names = d.glob(pattern)
	}
	d.depth++
	defer func() { d.depth-- }()
	for _, name := range names {
		switch {
		case slices.Contains(d.config.Paths, name):
			d.report(explain.ConfigInclude, at, finding{message: name + " is included twice", hint: "every file is read once, the order does not matter"})
		case len(d.config.Paths) == most:
			d.report(explain.ConfigInclude, at, finding{message: fmt.Sprintf("there are more than %d files", most)})
			return
		default:
			d.file(name, at)
		}
	}
}

// glob lists the files that fit an absolute pattern, in order.
func (d *decoder) glob(pattern string) []string {
	found, err := fs.Glob(d.Files, rooted(pattern))
	if err != nil {
		return nil
	}
	names := make([]string, len(found))
	for i, name := range found {
		names[i] = "/" + name
	}
	return names
}
