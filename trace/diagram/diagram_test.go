package diagram

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"culvert/api"
	"culvert/explain"
	"culvert/internal/golden"
	"culvert/legible"
)

// sample is a trace with everything in it: repetitions, fragments, a drop, a failure, what a peer has chosen.
func sample() *api.Trace {
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	sa := func(s string) api.TracePayload {
		return api.TracePayload{Type: "SA", Summary: s, Fields: []api.TraceField{{Name: "proposal 1", Value: s,
			Fields: []api.TraceField{{Name: "ENCR", Value: "AES_GCM_16_256"}}}}}
	}
	notify := func(s string) api.TracePayload { return api.TracePayload{Type: "N", Summary: s} }
	return &api.Trace{
		TraceSummary: api.TraceSummary{ID: "17", Connection: "office", Peer: `<gw>;"&`, Local: "192.0.2.1:500", Remote: "198.51.100.2:4500", Started: start,
			Outcome: api.TraceFailed, Initiator: true, Forgotten: 4, Failure: api.NewProblem(409, explain.IKETSUnacceptable, "", "nothing in common")},
		Messages: []api.TraceMessage{
			{Time: at(0), Direction: api.TraceSent, Exchange: "IKE_SA_INIT", Size: 464, Repeated: 2, Payloads: []api.TracePayload{sa("IKE aes256gcm16-prfsha384-x25519-ke1_mlkem768"),
				{Type: "KE", Summary: "CURVE_25519"}, {Type: "Ni", Summary: "32 octets"}, notify("NAT_DETECTION_SOURCE_IP"), notify("NAT_DETECTION_DESTINATION_IP")}},
			{Time: at(5210), Direction: api.TraceReceived, Exchange: "IKE_SA_INIT", Response: true, Size: 472, RTT: 12345 * time.Microsecond,
				Payloads: []api.TracePayload{sa("IKE aes256gcm16-prfsha384-x25519-ke1_mlkem768"), {Type: "KE", Summary: "CURVE_25519"}, {Type: "Nr", Summary: "32 octets"}}},
			{Time: at(5211), Direction: api.TraceReceived, Exchange: "INFORMATIONAL", Size: 80, Dropped: "integrity"},
			{Time: at(5220), Direction: api.TraceSent, Exchange: "IKE_AUTH", MessageID: 1, Size: 3012, Fragments: 3, Payloads: []api.TracePayload{{Type: "IDi", Summary: "moon.example.org"}, {Type: "TSi", Summary: "10.1.0.0/24"}}},
			{Time: at(5300), Direction: api.TraceReceived, Exchange: "IKE_AUTH", MessageID: 1, Response: true, Size: 160, RTT: 80 * time.Millisecond,
				Payloads: []api.TracePayload{{Type: "IDr", Summary: strings.Repeat("x", 130)}, notify("TS_UNACCEPTABLE")}},
		},
		Marks: []api.TraceMark{{Time: at(5301), After: 5, Kind: api.EventUp, Text: "IKE SA established between moon.example.org and sun.example.org"},
			{Time: at(5302), After: 5, Kind: api.EventFailure, Text: `IKE-TS-UNACCEPTABLE: peer has no policy for the traffic of child "net", which is 10.1.0.0/24 === 10.2.0.0/24`, Problem: &api.Problem{}}},
	}
}

func TestDiagramsAreAsPublished(t *testing.T) {
	golden.File(t, "testdata/80.txt", Text(sample(), 80, false))
	golden.File(t, "testdata/120.txt", Text(sample(), 120, false))
	golden.File(t, "testdata/verbose.txt", Text(sample(), 80, true))
	golden.File(t, "testdata/sample.mmd", Mermaid(sample()))
	golden.File(t, "testdata/sample.svg", SVG(sample()))
}

func TestLinesFitTheTerminalAndLifelinesStandStraight(t *testing.T) {
	for _, width := range []int{60, 80, 99, 120, 200} {
		for _, verbose := range []bool{false, true} {
			lines := strings.Split(strings.TrimSpace(Text(sample(), width, verbose)), "\n")
			for i, line := range lines[2:] {
				if n := utf8.RuneCountInString(line); n != width || !strings.HasSuffix(line, "│") {
					t.Errorf("width %d, line %d has %d columns: %q", width, i, n, line)
				}
			}
		}
	}
}

// A narrow terminal gets the same in one column, in lines that fit.
func TestNarrowTerminalsGetOneColumn(t *testing.T) {
	golden.File(t, "testdata/40.txt", Text(sample(), 40, false))
	for _, width := range []int{1, 20, 40, 59} {
		text := Text(sample(), width, true)
		for line := range strings.Lines(text) {
			if n := legible.Width(strings.TrimSuffix(line, "\n")); n > max(width, 8) {
				t.Errorf("width %d: %d columns: %q", width, n, line)
			}
		}
		if width >= 40 && (!strings.Contains(text, "TS_UNACCEPTABLE") || !strings.Contains(text, "proposal 1")) {
			t.Errorf("something is missing in\n%s", text)
		}
	}
	s := sample()
	s.Messages, s.Marks = s.Messages[4:], nil
	if got := Tail(s, 40, false); !strings.HasPrefix(got, "+5.300s ◀─ IKE_AUTH response 1\n  160 B") {
		t.Errorf("the tail is\n%s", got)
	}
}

func TestTailGoesOnWhereADiagramEnded(t *testing.T) {
	s := sample()
	s.Messages, s.Marks = s.Messages[4:], nil
	got := Tail(s, 80, false)
	if !strings.HasPrefix(got, "  +5.300s │◀") || strings.Contains(got, "trace 17") {
		t.Errorf("got\n%s", got)
	}
}

func TestPictureIsXMLForEverybody(t *testing.T) {
	text := SVG(sample())
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{`role="img"`, `aria-labelledby="title desc"`, `<title id="title">office, trace 17: failed</title>`, "&lt;gw&gt;;&#34;&amp;", "prefers-color-scheme:dark", "[IKE-TS-UNACCEPTABLE]"} {
		if !strings.Contains(text, want) {
			t.Errorf("the picture lacks %s", want)
		}
	}
}

// Nothing that a peer has chosen ends a line of Mermaid or begins something else.
func TestMermaidIsEscaped(t *testing.T) {
	s := sample()
	s.Peer = "x\nNote over us: y; %%{init}%% <script>"
	text := Mermaid(s)
	if strings.Contains(text, "\nNote") || strings.Contains(text, "<script") || strings.Contains(text, "%%") {
		t.Errorf("got\n%s", text)
	}
}

// Whatever a peer has chosen stays text: no element, no attribute, no line of a diagram, nothing that a viewer obeys.
func TestTextsOfPeersStayText(t *testing.T) {
	const hostile = "\"/></text><script>alert(1)</script><a href='javascript:x'>]]>\r\nNote over us: y; %%{init: {}}%%\x1b[2J\u202e\u2028click us href x"
	s := sample()
	s.Connection, s.Peer, s.Local, s.Remote, s.Failure.Detail = hostile, hostile, hostile, hostile, hostile
	for i := range s.Messages {
		s.Messages[i].Exchange, s.Messages[i].Dropped, s.Messages[i].Payloads = hostile, hostile, []api.TracePayload{{Type: hostile, Summary: hostile}}
	}
	s.Marks[0].Text = hostile
	elements := map[string]bool{}
	for decoder := xml.NewDecoder(strings.NewReader(SVG(s))); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local] = true
		}
	}
	if elements["script"] || elements["a"] || !elements["text"] {
		t.Errorf("the picture has %v", elements)
	}
	for line := range strings.Lines(Mermaid(s)) {
		if words := strings.Fields(line); words[0] == "Note" && words[1] == "over" && words[2] == "us:" || words[0] == "click" || strings.ContainsAny(line, "<") && !strings.Contains(line, "<br/>") || strings.Contains(line, "%%") || strings.Contains(line, "script>") {
			t.Errorf("the diagram has a line %q", line)
		}
	}
	for name, text := range map[string]string{"text": Text(s, 80, true), "Mermaid": Mermaid(s), "SVG": SVG(s)} {
		if i := strings.IndexFunc(strings.ReplaceAll(text, "\n", ""), legible.Commands); i >= 0 {
			t.Errorf("%s commands a terminal: %q", name, strings.ReplaceAll(text, "\n", "")[i:min(i+30, len(text))])
		}
	}
}

func TestNothingIsDrawnOfNothing(t *testing.T) {
	for _, text := range []string{Text(&api.Trace{}, 80, true), Mermaid(&api.Trace{}), SVG(&api.Trace{})} {
		if text == "" || strings.Contains(text, "left out") {
			t.Errorf("got %q", text)
		}
	}
}
