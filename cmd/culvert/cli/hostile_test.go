package cli

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
	"culvert/legible"
)

// hostile has what a peer may call itself, or write into a notification, to deceive whoever reads a terminal: a sequence that
// clears the screen, a title (OSC), a hyperlink (OSC 8), the clipboard (OSC 52), a bell, an eight-bit CSI, characters that turn the
// direction or cannot be seen, a pile of marks, a line of its own, markup, and great length.
var hostile = "a\x1b[2J\x1b]0;x\x07\x1b]8;;http://x\x1b\\y\x1b]52;c;aGk=\x07\u009b31m\r\u202etxt\u2066\u200b\ufeff\u2028" +
	"Z" + strings.Repeat("\u0335", 40) + "\nFORGED\t$(id)`id`<script>\"';&\x00\xff" + strings.Repeat("w", 3000)

// poison puts a text into every string of a value, and leaves words of a type of their own as they are.
func poison(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			poison(v.Elem(), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				poison(v.Field(i), text)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), text)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if v.Type().Elem() == reflect.TypeFor[string]() {
				v.SetMapIndex(key, reflect.ValueOf(text))
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(text)
		}
	}
}

// hostileDaemon says the same in the place of every text: names, identities, addresses, reasons.
func hostileDaemon() *apitest.Fake {
	f := traced()
	f.Now = sampleStatus()
	f.Leases = []api.Pool{{Name: "x", Size: "7"}}
	told := f.Told["8"]
	f.Script = []api.Event{{Kind: api.EventFailure, Connection: "x", Child: "x", Text: "x", Problem: api.NewProblem(409, explain.AuthPSKWrong, "x", "x")}}
	f.Err["up"] = api.NewProblem(409, explain.AuthPSKWrong, "x", "x")
	for _, v := range []any{&f.Now, &f.Traced, &f.Leases, &f.Script, &told, f.Err["up"]} {
		poison(reflect.ValueOf(v), hostile)
	}
	f.Traced[0].ID, f.Told = "1", map[string]api.Explanation{"1": told}
	f.Now.Connections[0].Name = "office"
	return f
}

// ours are the sequences that we write ourselves: colours, and the top of the screen that --watch draws anew.
var ours = regexp.MustCompile(`\x1b\[(\d+(;\d+)*)?m|\x1b\[H\x1b\[2J|\r\x1b\[K`)

// commands looks for what a terminal would obey, or show otherwise than it is, and for lines that somebody else began.
func commands(text string) string {
	text = ours.ReplaceAllString(text, "")
	for i, r := range text {
		if legible.Commands(r) && r != '\n' || r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
			return text[max(0, i-20):min(len(text), i+20)]
		}
	}
	if strings.Contains(text, strings.Repeat("\u0335", 5)) {
		return "a pile of marks"
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "FORGED") {
			return "a forged line"
		}
	}
	return ""
}

// Nothing that a peer has chosen commands a terminal, through whichever door it comes.
func TestTextsOfPeersCommandNoTerminal(t *testing.T) {
	f := hostileDaemon()
	s := serving(t, f)
	s.env.Terminal, s.env.Width = true, 80
	f.Events().Publish(f.Script[0])
	f.Log().Publish(api.LogEntry{Level: "WARN", Text: hostile, Attrs: map[string]string{"peer": hostile, "error": hostile}})
	for name, args := range map[string][]string{
		"status": {"status"}, "status of one": {"status", "office"}, "pools": {"pools"},
		"traces": {"trace", "--list"}, "trace": {"trace", "1"}, "trace with all": {"trace", "1", "--verbose"}, "Mermaid": {"trace", "1", "--format", "mermaid"}, "SVG": {"trace", "1", "--format", "svg"},
		"log": {"log"}, "events": {"log", "--events"}, "up": {"up", "office"}, "explain": {"explain", "1"},
		"status as JSON": {"status", "--json"}, "trace as JSON": {"trace", "1", "--json"}, "log as JSON": {"log", "--json"}, "up as JSON": {"up", "office", "--json"},
		"a command that is none": {hostile}, "an option that is none": {"status", "--" + hostile}, "a connection that is none": {"status", hostile},
	} {
		t.Run(name, func(t *testing.T) {
			s.out.Reset()
			s.err.Reset()
			_ = Run(t.Context(), s.env, args)
			if s.out.Len()+s.err.Len() == 0 {
				t.Error("nothing was said")
			}
			if got := commands(s.out.String() + s.err.String()); got != "" {
				t.Errorf("the terminal gets %q", got)
			}
			if slices.Contains(args, "--json") && !json.Valid(s.out.Bytes()) && !strings.Contains(s.out.String(), "}\n{") {
				t.Errorf("no JSON: %.200q", s.out.String())
			}
		})
	}
}

// JSON keeps what was said, escaped.
func TestJSONSaysTheSame(t *testing.T) {
	s := newShell(t)
	a := &app{Env: s.env}
	a.printJSON(map[string]string{"peer": hostile})
	var got map[string]string
	if err := json.Unmarshal(s.out.Bytes(), &got); err != nil || got["peer"] != strings.ToValidUTF8(hostile, "\ufffd") {
		t.Errorf("%v: %.100q", err, got["peer"])
	}
	if strings.ContainsFunc(strings.TrimSpace(s.out.String()), unicode.IsControl) {
		t.Error("control characters are left")
	}
}

// Recordings, too, come from others.
func TestErrorsAboutFilesCommandNoTerminal(t *testing.T) {
	s := newShell(t)
	s.env.Terminal = true
	for _, args := range [][]string{
		{"decrypt", filepath.Join(t.TempDir(), "\x1b]0;x\x07")}, {"decrypt", "x", "--keys", "\u202e"}, {"check", "--config", "/\x1b[2J"}, {"import", "wg", "/\x1b[2J"}, {"explain", "\u009b31m"},
	} {
		s.out.Reset()
		s.err.Reset()
		_ = Run(t.Context(), s.env, args)
		if got := commands(s.out.String() + s.err.String()); got != "" || s.err.Len() == 0 {
			t.Errorf("%q: the terminal gets %q", args, got)
		}
	}
	var a app
	a.Env = s.env
	s.err.Reset()
	a.fail(errors.New(hostile))
	if got := commands(s.err.String()); got != "" {
		t.Errorf("an error says %q", got)
	}
}
