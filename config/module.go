package config

import "culvert/keystore"

// A Module is a PKCS #11 library.
type Module struct {
	Origin
	Name         string
	Path         string
	Certificates bool
}

// Label returns the name.
func (m *Module) Label() string { return m.Name }

func newModule() *Module { return &Module{Certificates: true} }

func (m *Module) schema() schema {
	return schema{
		kind: "pkcs11_module", label: &m.Name, named: "name", origin: &m.Origin,
		doc: "A PKCS #11 module: the shared library of the maker of tokens. Its name is what `module-name=` of `pkcs11(\"...\")` and `module` of swanctl.conf call it. Where neither names a module, all are searched.",
		options: []option{
			{name: "path", slot: one(&m.Path, absolute()), required: true, aka: "charon.plugins.pkcs11.modules.<name>.path",
				doc: "The shared library. It runs in a process of its own, `culvert-pkcs11`."},
			{name: "load_certs", slot: one(&m.Certificates, boolean()), aka: "charon.plugins.pkcs11.modules.<name>.load_certs",
				doc: "Certificates in its tokens are there for connections that come from strongSwan's configuration, beside those that are loaded; of authorities only those that the token trusts."},
		},
	}
}

// module returns what the key store has for the block.
func (m *Module) module() keystore.Module {
	return keystore.Module{Name: m.Name, Path: m.Path, Certificates: m.Certificates}
}

// PKCS11 reads the PKCS #11 modules of the configuration that begins at a path and nothing else of it, mistakes included. Those of
// the Source come behind.
func (s Source) PKCS11(name string) []keystore.Module {
	d := s.decoder()
	d.modulesOnly = true
	if name != "" {
		d.begin(name)
	}
	var list []keystore.Module
	for _, m := range d.config.Modules {
		if m.Path != "" {
			list = append(list, m.module())
		}
	}
	return append(list, s.Modules...)
}

// modules are those that a private key may be in.
func (d *decoder) modules() []keystore.Module {
	if d.known == nil {
		d.known = d.PKCS11(d.main)
	}
	return d.known
}

// modulesAlone leaves the blocks out that are about something else.
func (s schema) modulesAlone() schema {
	var rest []nested
	for _, n := range s.blocks {
		if n.kind == "pkcs11_module" {
			rest = append(rest, n)
		}
	}
	s.blocks, s.finish = rest, nil
	return s
}
