package swanctl

import (
	"crypto"

	"culvert/config"
	"culvert/keystore"
)

// over puts the files of a translation in front of those of a source.
func (t *Translation) over(s config.Source) config.Source {
	s.Files = config.Overlay{Below: s.Files, Files: t.files}
	s.Loaders = t.loaders
	below := s.Keys
	s.Keys = func(modules []keystore.Module, kind keystore.Kind, name string) (crypto.Signer, error) {
		if key := t.keys[name]; kind == keystore.PKCS11 && key != nil {
			return key, nil
		}
		if below == nil {
			return nil, errNoTokens
		}
		return below(modules, kind, name)
	}
	return s
}

// Load reads a configuration with the translation beside it. The diagnostics of both have the words and places of their own, and
// with errors among them the Config is nil.
func (t *Translation) Load(source config.Source, main string) (*config.Config, config.Diagnostics) {
	if t.findings.Errors() {
		return nil, t.findings
	}
	cfg, found := t.over(source).Load(main, t.names...)
	return cfg, append(t.findings, t.tell(found)...)
}

// Texts are the files of configuration, without the certificates, keys and secrets that they name.
func (t *Translation) Texts() map[string][]byte {
	texts := make(map[string][]byte, len(t.names))
	for _, name := range t.names {
		texts[name] = t.files[name]
	}
	return texts
}

// LoadTree reads a configuration, and a tree as ReadTree does beside it, with tokens that are there. Either may be "".
func LoadTree(source config.Source, main, tree string) (*config.Config, config.Diagnostics) {
	if tree == "" {
		return source.Load(main)
	}
	modules, notes := Modules(source.Files, tree)
	source.Modules = append(source.Modules, modules...)
	all := source.PKCS11(main)
	s, found := ReadTree(source.Files, tree, keystore.Store{Modules: all})
	found = append(notes, found...)
	if found.Errors() {
		return nil, found
	}
	found = append(found, s.AddCertificates(all)...)
	cfg, more := Translate(s).Load(source, main)
	return cfg, append(found, more...)
}
