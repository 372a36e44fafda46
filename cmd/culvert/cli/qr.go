package cli

import (
	"fmt"
	"os"
	"strings"

	"rsc.io/qr"
)

// writeQR writes a text as a QR code, into a PNG or on the terminal.
func (p *authority) writeQR(e exporting, file []byte) error {
	text := string(file)
	if e.url != "" {
		text = e.url
	}
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return fmt.Errorf("the file has %d octets, more than a QR code holds: put it on a web server and give its address by --url (%w)", len(text), err)
	}
	if e.qr == "-" {
		fmt.Fprint(p.Out, blocks(code))
		return nil
	}
	return os.WriteFile(e.qr, code.PNG(), 0o600)
}

// blocks draws a code with half blocks, two rows in a line, with the quiet zone of four modules that readers need.
func blocks(code *qr.Code) string {
	const quiet = 4
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		for x := -quiet; x < code.Size+quiet; x++ {
			b.WriteString(map[[2]bool]string{
				{false, false}: "\u2588", {false, true}: "\u2580", {true, false}: "\u2584", {true, true}: " ",
			}[[2]bool{code.Black(x, y), code.Black(x, y+1)}])
		}
		b.WriteString("\n")
	}
	return b.String()
}
