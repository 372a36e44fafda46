package config

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"culvert/explain"
)

// isUTF16 tells a text of two octets for each character: by its mark of order, or as it begins with one that ASCII has.
func isUTF16(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}) ||
		len(raw) > 1 && (raw[0] == 0) != (raw[1] == 0)
}

// readable reports a file that is in no encoding that can be read. Its lines are not shown: what is secret is not to be told from
// what is not.
func (d *decoder) readable(name string, raw []byte) bool {
	if !isUTF16(raw) {
		return true
	}
	delete(d.texts, name)
	at := hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
	d.report(explain.ConfigSyntax, at, finding{message: "the file is in UTF-16", hint: fmt.Sprintf("save it as UTF-8, or: iconv -f UTF-16 -t UTF-8 %s", name)})
	return false
}
