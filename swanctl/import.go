package swanctl

import (
	"io/fs"
	"path"
	"strings"

	"culvert/config"
	"culvert/explain"
	"culvert/keystore"
	"culvert/swanctl/ipsecconf"
)

// Import writes what a tree as /etc/swanctl, or a file as swanctl.conf, comes to as a configuration of Culvert that stands by
// itself: certificates and keys stay in their files, secrets stand in it. Comments tell what is not as it was. With errors among
// the findings the text lacks what they are about.
//
// Tokens are asked which certificates and private keys belong together, so they have to be there.
func Import(files fs.FS, name string) (string, config.Diagnostics) {
	return importTree(files, name, func(m []keystore.Module) Tokens { return keystore.Store{Modules: m} })
}

func importTree(files fs.FS, name string, tokens func([]keystore.Module) Tokens) (string, config.Diagnostics) {
	modules, found := Modules(files, name)
	s, more := ReadTree(files, name, tokens(modules))
	found = append(found, more...)
	found = append(found, s.AddCertificates(modules)...)
	t := translate(s, onDisk{})
	t.modulesOf(modules)
	text, more := t.document("Made from " + name + ".")
	return text, append(found, more...)
}

// modulesOf writes the modules of strongswan.conf.
func (t *translation) modulesOf(modules []keystore.Module) {
	for _, m := range modules {
		if !t.nameable(Object{Name: m.Name}, "pkcs11_module") {
			continue
		}
		b := t.text(credentialLoader).open(origin{}, "pkcs11_module", m.Name)
		b.set(origin{}, "path", quote(m.Path))
		if !m.Certificates {
			b.set(origin{}, "load_certs", "false")
		}
	}
}

// ImportIPsec does the same with an ipsec.conf, and the ipsec.secrets and ipsec.d beside it.
func ImportIPsec(files fs.FS, name string) (string, config.Diagnostics) {
	t := &tree{files: files, dir: path.Join(path.Dir(name), "ipsec.d"), setup: &Setup{Files: files}}
	root, notes, err := ipsecconf.Convert(files, name)
	if err != nil {
		t.unreadable(name, err)
		return "", t.findings
	}
	t.outer(root)
	t.oldFolders()
	for _, n := range notes {
		t.warn(origin{path.Base(n.File), n.Place}, explain.ConfigUnused, n.Text, "")
	}
	text, more := t.setup.Text("Made from " + name + ". left is taken for our side: if it is not, change local and remote.")
	return text, append(t.findings, more...)
}

// Text writes a Setup as a configuration of Culvert, with a first comment.
func (s *Setup) Text(first string) (string, config.Diagnostics) {
	return translate(s, onDisk{}).document(first)
}

// document writes the translation.
func (t *translation) document(first string) (string, config.Diagnostics) {
	for _, k := range t.setup.Keys {
		if k.Locked {
			t.warn(origin{path: k.Path}, explain.ConfigKeyStore, "the private key is not in the open", "write it with openssl pkey or openssl pkcs12 -nodes, its certificate likewise, and name those files")
		}
	}
	for _, k := range t.setup.Keys {
		if k.Token != "" && k.Path != "" {
			t.warn(origin{path: k.Path}, explain.ConfigKeyStore, "the PIN of a private key in a token is not written", "write it into this file, and chmod 600 "+k.Path)
		}
	}
	var w text
	w.line(origin{}, 0, "# "+first)
	for _, note := range differences() {
		w.line(origin{}, 0, "# "+note)
	}
	for _, d := range t.comment() {
		w.line(origin{}, 0, "# "+d.Place.String()+": "+d.Message)
	}
	for _, loader := range []string{LoadedByTree, credentialLoader} {
		if b := t.texts[loader]; b != nil {
			for _, inner := range b.blocks {
				w.line(origin{}, 0, "")
				inner.write(&w, 0)
			}
		}
	}
	return w.String(), t.findings
}

// differences are what every configuration that comes from strongSwan has.
func differences() []string {
	return []string{
		"",
		`Where strongSwan has other defaults than Culvert they are written down: dpd_delay = "0s", tries = 1, keep_up = false,`,
		`when_down = "clear", which lets traffic pass unprotected while a tunnel is down, and post_quantum = "off". Take those lines`,
		"out one by one for what Culvert advises: to look for dead peers, to connect again for ever, to block, and to be safe from",
		"quantum computers with peers that are.",
	}
}

// comment writes what was found above the blocks that it is about, and returns the rest.
func (t *translation) comment() (rest config.Diagnostics) {
	for _, d := range t.findings {
		b := t.blockOf(d)
		if b == nil {
			rest = append(rest, d)
			continue
		}
		text := strings.TrimPrefix(strings.TrimPrefix(d.Message, b.path), ".")
		if d.Severity == config.Error {
			text = "left out: " + text
		}
		if d.Hint != "" {
			text += " (" + d.Hint + ")"
		}
		b.note("%s", strings.TrimPrefix(text, ": "))
	}
	return rest
}

// blockOf finds the outermost block that a finding is about.
func (t *translation) blockOf(d config.Diagnostic) *block {
	for _, top := range t.texts {
		for _, b := range top.blocks {
			if b.path != "" && (strings.HasPrefix(d.Message, b.path+".") || strings.HasPrefix(d.Message, b.path+":")) {
				return b
			}
		}
	}
	return nil
}
