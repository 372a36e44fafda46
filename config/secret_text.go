package config

import (
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Bounds of SecretsIn: of what a broken configuration makes it read.
const (
	mostSecretFiles = 256
	largestSecret   = 64 << 10 // octets; keys and passwords are shorter
)

// SecretsIn lists what may be a secret in a configuration that cannot be loaded: in its main file, those it includes, and the
// files that these name where a secret is to be. It knows words, no blocks, and takes too much rather than too little.
func SecretsIn(files fs.FS, main string) [][]byte {
	r := &secretReader{files: files, read: make(map[string]bool)}
	r.file(main)
	return r.found
}

// A secretReader collects secrets from texts.
type secretReader struct {
	files fs.FS
	read  map[string]bool // by path
	found [][]byte
}

// open returns a file, nil if it cannot be had or was read before.
func (r *secretReader) open(name string) []byte {
	name = strings.TrimPrefix(path.Clean(name), "/")
	if r.read[name] || len(r.read) >= mostSecretFiles {
		return nil
	}
	r.read[name] = true
	text, err := fs.ReadFile(r.files, name)
	if err != nil || len(text) > 1<<20 {
		return nil
	}
	return text
}

// file reads a file of the configuration.
func (r *secretReader) file(name string) {
	text := string(r.open(name))
	folder := path.Dir(name)
	lines := strings.Split(text, "\n")
	for i, hidden := range sensitive(lines) {
		if hidden {
			r.line(folder, lines[i])
		}
	}
	includes := regexp.MustCompile(`(?m)^\s*"?include"?\s*[=:]\s*(\[[^\]]*\]|"[^"\n]*")`)
	for _, found := range includes.FindAllStringSubmatch(text, -1) {
		for _, pattern := range quoted(found[1]) {
			matches, _ := fs.Glob(r.files, strings.TrimPrefix(beside(folder, pattern.text), "/")) // a malformed pattern finds nothing
			for _, m := range matches {
				r.file("/" + m)
			}
		}
	}
}

// line takes the secrets of a line. Identities are none.
func (r *secretReader) line(folder, line string) {
	if concealed(line) == line || regexp.MustCompile(`^\s*"?ids?"?\s*[=:]`).MatchString(line) {
		return
	}
	values := quoted(line[strings.IndexAny(line, "=:")+1:])
	if len(values) == 0 { // of a heredoc, or a quote is missing
		values = []quotation{{text: strings.Trim(line[strings.IndexByte(line, '=')+1:], " \t\r\"")}}
	}
	for _, v := range values {
		if !v.file {
			r.found = append(r.found, []byte(v.text))
			continue
		}
		if text := r.open(beside(folder, v.text)); len(text) <= largestSecret {
			r.found = append(r.found, []byte(strings.TrimSpace(string(text))))
		}
	}
}

// A quotation is text in quotes.
type quotation struct {
	text string
	file bool // it names a file
}

func quoted(text string) []quotation {
	var list []quotation
	for _, m := range regexp.MustCompile(`(file\s*\(\s*)?("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(text, -1) {
		value, err := strconv.Unquote(m[2])
		if err != nil {
			value = m[2][1 : len(m[2])-1]
		}
		list = append(list, quotation{value, m[1] != ""})
	}
	return list
}

// beside is a path as seen from a folder.
func beside(folder, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(folder, name)
}
