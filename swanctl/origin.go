package swanctl

import (
	"strings"

	"culvert/config"
	"culvert/explain"
	"culvert/swanctl/settings"
)

// An origin is where something stands: its path, as "connections.office.children.net.mode", and its place in a file, if there is
// one.
type origin struct {
	path  string
	place settings.Place
}

// in returns the origin of an item below.
func (o origin) in(i settings.Item) origin {
	below := origin{o.path + "." + i.Name, i.Place}
	if below.place == (settings.Place{}) {
		below.place = o.place
	}
	return below
}

// diagnostic tells something about the place.
func (o origin) diagnostic(s config.Severity, code explain.Code, message, hint string) config.Diagnostic {
	d := config.Diagnostic{Severity: s, Code: code, Message: o.path + ": " + message, Hint: hint}
	if d.Place = (config.Place{File: o.place.File, Line: o.place.Line, Column: 1}); o.place.File == "" {
		d.Place, d.Message = config.Place{File: o.path}, message
	}
	return d
}

// reword tells what the configuration says of what comes from the place, in the words of strongSwan's configuration.
func (o origin) reword(d config.Diagnostic) config.Diagnostic {
	message, hint := d.Message, d.Hint
	switch d.Code {
	case explain.ConfigNoSecret:
		hint = "add a section ike-... with secret = ... to secrets, whose ids, if there are any, are those of both sides"
	case explain.ConfigBadProposal, explain.ConfigBadValue:
		if name, text, ok := strings.Cut(message, ": "); ok && !strings.ContainsAny(name, " \"") {
			message = text // the path of the key stands before it
		}
		if hint == "" && d.Code == explain.ConfigBadProposal {
			hint = d.Expected
		}
	}
	return o.diagnostic(d.Severity, d.Code, message, hint)
}

// Stock tells a client of VICI why something is refused: in the words of charon first, then where and why.
func Stock(d config.Diagnostic) string {
	name := d.File[strings.LastIndex(d.File, ".")+1:]
	text := map[explain.Code]string{
		explain.ConfigUnknownKey: "unknown option: " + name + ", config discarded: ", explain.ConfigUnknownBlock: "invalid section: " + name + ": ",
		explain.ConfigMissingKey: "incomplete: ",
	}[d.Code]
	if text == "" {
		text = "invalid value for: " + name + ", config discarded: "
	}
	text += d.Place.String() + ": " + d.Message
	if d.Hint != "" {
		text += ": " + d.Hint
	}
	return text
}

// A mistake is why a value cannot be used, and what to do.
type mistake struct{ reason, hint string }

func (m *mistake) Error() string { return m.reason }
