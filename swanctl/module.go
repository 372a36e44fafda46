package swanctl

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"culvert/config"
	"culvert/explain"
	"culvert/keystore"
	"culvert/swanctl/settings"
)

// Modules reads the PKCS #11 modules of the strongswan.conf that lies beside a tree, as /etc/strongswan.conf does beside /etc/swanctl.
// There may be none.
func Modules(files fs.FS, tree string) ([]keystore.Module, config.Diagnostics) {
	name := path.Join(path.Dir(path.Dir(confOf(files, tree))), "strongswan.conf")
	root, err := settings.Read(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	t := new(translation)
	if err != nil {
		d := unreadable(name, err)
		t.warn(origin{path: name}, d.Code, d.Message, "PKCS #11 modules are not read from it")
		return nil, t.findings
	}
	var list []keystore.Module
	for _, program := range []string{"charon-systemd", "charon", "libstrongswan"} { // each stands in for what the one before it lacks
		list = t.modules(list, origin{path: program + ".plugins.pkcs11.modules"}, root.Sub(program).Sub("plugins").Sub("pkcs11").Sub("modules"))
	}
	return list, t.findings
}

// modules adds those of a section, unless there is one of the name.
func (t *translation) modules(list []keystore.Module, at origin, s *settings.Section) []keystore.Module {
	if s == nil {
		return list
	}
	for _, i := range sections(s) {
		if slices.ContainsFunc(list, func(m keystore.Module) bool { return m.Name == i.Name }) {
			continue
		}
		m := keystore.Module{Name: i.Name, Path: i.Section.Text("path"), Certificates: !isNo(i.Section.Text("load_certs"))}
		if !path.IsAbs(m.Path) {
			t.warn(at.in(i), explain.ConfigBadValue, "the module lacks the absolute path of its library", "set path")
			continue
		}
		list = append(list, m)
	}
	return list
}
