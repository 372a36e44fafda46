package swanctl

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"culvert/config"
	"culvert/explain"
	"culvert/secret"
	"culvert/swanctl/settings"
)

// A tree is a folder as /etc/swanctl that is being read.
type tree struct {
	translation // its findings
	files       fs.FS
	dir         string
	setup       *Setup
	passphrases []passphrase
	inTokens    []*tokenSecret
}

// A passphrase opens the files of a name.
type passphrase struct {
	kind, file string
	data       secret.Bytes
}

// ReadTree reads a folder as /etc/swanctl, or a file as swanctl.conf with the folders beside it, by its absolute path, as swanctl
// --load-all would load it. tokens reads the keys that the tree has in tokens; nil: nobody does. The findings tell what is wrong; with
// errors among them the Setup is not to be used.
func ReadTree(files fs.FS, name string, tokens Tokens) (*Setup, config.Diagnostics) {
	conf := confOf(files, name)
	t := &tree{files: files, dir: path.Dir(conf), setup: &Setup{Files: files, Tokens: tokens}}
	t.read(conf)
	return t.setup, t.findings
}

// confOf returns the swanctl.conf of a tree.
func confOf(files fs.FS, name string) string {
	if info, err := fs.Stat(files, strings.TrimPrefix(path.Clean(name), "/")); err == nil && info.IsDir() {
		return path.Join(name, "swanctl.conf")
	}
	return name
}

func (t *tree) read(conf string) {
	root, err := settings.Read(t.files, conf)
	if err != nil {
		t.unreadable(conf, err)
		return
	}
	t.outer(root)
	t.folders()
	t.readTokens()
}

func (t *tree) outer(root *settings.Section) {
	for _, i := range root.Items {
		t.outermost(value{origin{i.Name, i.Place}, i})
	}
}

// unreadable tells why the configuration cannot be read.
func (t *tree) unreadable(conf string, err error) { t.refuse(unreadable(conf, err)) }

func unreadable(conf string, err error) config.Diagnostic {
	at, code := origin{path: conf, place: settings.Place{File: conf}}, explain.ConfigFile
	message, hint := err.Error(), "name a folder that has a swanctl.conf, or the file"
	var wrong *settings.SyntaxError
	if errors.As(err, &wrong) {
		at, code, message, hint = origin{path: path.Base(wrong.File), place: wrong.Place}, explain.ConfigSyntax, wrong.Message, wrong.Hint
	}
	return at.diagnostic(config.Error, code, message, hint)
}

// outermost reads one of the sections of swanctl.conf. Others are there for sections to inherit from.
func (t *tree) outermost(v value) {
	switch {
	case v.item.Kind != settings.Sub:
	case v.item.Name == "connections":
		t.setup.Connections = t.objects(v)
		return
	case v.item.Name == "pools":
		t.setup.Pools = t.objects(v)
		return
	case v.item.Name == "authorities":
		t.setup.Authorities = t.objects(v)
		return
	case v.item.Name == "secrets":
		t.secrets(v)
		return
	case v.item.Inherited:
		return
	}
	t.unknown(v, []Key{{Name: "connections", Form: Block}, {Name: "secrets", Form: Block}, {Name: "pools", Form: Block}, {Name: "authorities", Form: Block}})
}

// objects reads the sections of a section.
func (t *tree) objects(v value) (all []Object) {
	for _, i := range v.item.Section.Items {
		at := v.in(i)
		if i.Kind != settings.Sub {
			t.unknown(value{at, i}, nil)
			continue
		}
		all = append(all, Object{Name: i.Name, Section: t.message(at, i.Section, v.item.Name), Loader: LoadedByTree, Place: i.Place})
	}
	return all
}

// message turns a section of a file into one of a message, as swanctl does: lists are split, files are read.
func (t *tree) message(at origin, s *settings.Section, kind string) *settings.Section {
	out := new(settings.Section)
	for _, i := range s.Items {
		v := value{at.in(i), i}
		switch name := strings.ToLower(i.Name); {
		case i.Kind == settings.Sub:
			i.Section = t.message(v.origin, i.Section, kind)
		case isFileList(name) && kind == "connections":
			i = t.fileList(v)
		case name == "cacert" && kind == "authorities":
			data, file := t.file(v, v.text(), "x509ca")
			i.Value, i.Files = data, []string{file}
		case isList(name, kind):
			i = split(i)
		}
		out.Items = append(out.Items, i)
	}
	return out
}

func isFileList(name string) bool { return name == "certs" || name == "cacerts" || name == "pubkeys" }

// isList tells which values are lists, by the section that they are in.
func isList(name, kind string) bool {
	switch kind {
	case "pools":
		return name != "addrs"
	case "authorities":
		return name == "crl_uris" || name == "ocsp_uris"
	}
	return slices.Contains([]string{"local_addrs", "remote_addrs", "proposals", "esp_proposals", "ah_proposals", "local_ts", "remote_ts", "vips", "pools",
		"groups", "cert_policy"}, name)
}

// split makes a list of a value with commas.
func split(i settings.Item) settings.Item {
	list := settings.Item{Name: i.Name, Kind: settings.List, Place: i.Place}
	for s := range strings.SplitSeq(string(i.Value), ",") {
		if s = strings.TrimSpace(s); s != "" {
			list.List = append(list.List, []byte(s))
		}
	}
	return list
}

// fileList reads the files of a list.
func (t *tree) fileList(v value) settings.Item {
	folder := map[string]string{"certs": "x509", "cacerts": "x509ca", "pubkeys": "pubkey"}[strings.ToLower(v.item.Name)]
	i := split(v.item)
	for n, name := range i.List {
		data, file := t.file(v, string(name), folder)
		i.List[n], i.Files = data, append(i.Files, file)
	}
	return i
}

// file reads a file of a folder of the tree, or one with an absolute path, or the octets that stand there themselves.
func (t *tree) file(v value, name, folder string) (data []byte, file string) {
	lower := strings.ToLower(name)
	var err error
	switch {
	case strings.HasPrefix(lower, "0x"):
		data, err = hex.DecodeString(strings.ReplaceAll(name[2:], ":", ""))
	case strings.HasPrefix(lower, "0s"):
		data, err = base64.StdEncoding.DecodeString(name[2:])
	default:
		if file = name; !path.IsAbs(name) {
			file = path.Join(t.dir, folder, name)
		}
		data, err = t.setup.read(file)
	}
	if err != nil {
		t.refuse(v.diagnostic(config.Error, explain.ConfigFile, fmt.Sprintf("%s: %v", name, err), "relative paths begin in the folder "+folder+" of "+t.dir))
	}
	return data, file
}
