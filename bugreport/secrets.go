package bugreport

import (
	"crypto"
	"crypto/x509"
	"io/fs"
	"reflect"
	"strings"

	"culvert/config"
	"culvert/secret"
)

// SecretsOf lists what a configuration keeps secret: whatever has the type for secrets in it, however deep; private keys, as they
// are in their files and without the encoding there.
func SecretsOf(c *config.Config, files fs.FS) [][]byte {
	w := &walker{files: files, seen: map[uintptr]bool{}}
	if c != nil {
		w.walk(reflect.ValueOf(c))
	}
	return w.found
}

// A walker goes through a configuration.
type walker struct {
	files fs.FS
	seen  map[uintptr]bool
	found [][]byte
}

func (w *walker) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || w.seen[v.Pointer()] {
			return
		}
		w.seen[v.Pointer()] = true
		w.walk(v.Elem())
	case reflect.Interface:
		if !v.IsNil() {
			w.walk(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		if v.Type() == reflect.TypeFor[secret.Bytes]() {
			w.found = append(w.found, v.Bytes())
			return
		}
		for i := range v.Len() {
			if v.Type().Elem().Kind() != reflect.Uint8 {
				w.walk(v.Index(i))
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			w.walk(v.MapIndex(k))
		}
	case reflect.Struct:
		w.structure(v)
	}
}

func (w *walker) structure(v reflect.Value) {
	if v.Type() == reflect.TypeFor[config.KeyFile]() && v.CanInterface() {
		key := v.Interface().(config.KeyFile)
		w.key(key.Path, key.Key)
		return
	}
	for i := range v.NumField() {
		w.walk(v.Field(i))
	}
}

// key is a private key and its file.
func (w *walker) key(file string, key crypto.Signer) {
	if der, err := x509.MarshalPKCS8PrivateKey(key); err == nil { // one in a key store has none
		w.found = append(w.found, der)
	}
	text, err := fs.ReadFile(w.files, strings.TrimPrefix(file, "/"))
	if err != nil {
		return
	}
	w.found = append(w.found, text)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") {
			w.found = append(w.found, []byte(line))
		}
	}
}
