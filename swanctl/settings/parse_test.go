package settings

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// parse reads a text that includes nothing, as if it were a file of that name.
func parse(name, text string) (*Section, error) {
	root := new(node)
	if err := new(parser).text(name, text, root); err != nil {
		return nil, err
	}
	return inherit(root)
}

// flat writes a section on one line.
func flat(s *Section) string {
	var parts []string
	for _, i := range s.Items {
		if i.Kind == Sub {
			parts = append(parts, i.Name+"{"+flat(i.Section)+"}")
			continue
		}
		parts = append(parts, i.Name+"="+string(i.Value))
	}
	return strings.Join(parts, " ")
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"values end with the line", "a = b c\nd= e", "a=b c d=e"},
		{"words have one space between them", "a =  b \t c  # comment\n", "a=b c"},
		{"strings keep theirs", `a = "b  c" d`, "a=b  c d"},
		{"strings hold what ends a value", `a = "#}{\"=\\"`, `a=#}{"=\`},
		{"escapes", `a = "1\n2\t3\r4"`, "a=1\n2\t3\r4"},
		{"a backslash joins lines", "a = \"1\\\n2\\\r\n3\"", "a=123"},
		{"a string spans lines", "a = \"1\n2\"", "a=1\n2"},
		{"a brace ends a value", "s { a = b }", "s{a=b}"},
		{"a value may have what a name may not", "a = x{y:z.1,2=3", "a=x{y:z.1,2=3"},
		{"comments", "# one\na = 1 # two\n# three", "a=1"},
		{"later values replace", "a = 1\nb = 2\na = 3", "a=3 b=2"},
		{"later sections extend", "s { a = 1\nb = 2 }\ns { b = 3\nc = 4 }", "s{a=1 b=3 c=4}"},
		{"an empty value is none", "a = 1\na =\nb = 2", "b=2"},
		{"an empty string is one", `a = ""`, "a="},
		{"a key may be called include", "include = x", "include=x"},
		{"braces on lines of their own", "s\n{\n a = 1\n}\n", "s{a=1}"},
		{"a section inherits", "t { a = 1\nb = 2\nu { c = 3 } }\ns : t { b = 4 }", "t{a=1 b=2 u{c=3}} s{b=4 a=1 u{c=3}}"},
		{"a section inside inherits with the one around it", "t { u { a = 1 } }\ns : t { u { b = 2 } }", "t{u{a=1}} s{u{b=2 a=1}}"},
		{"the first of several counts", "t { a = 1 }\nu { a = 2\nb = 3 }\ns : t, u { }", "t{a=1} u{a=2 b=3} s{a=1 b=3}"},
		{"by a path", "x { t { a = 1 } }\ns { r : x.t { } }", "x{t{a=1}} s{r{a=1}}"},
		{"what is cleared is not inherited", "t { a = 1\nb = 2 }\ns : t { a = }", "t{a=1 b=2} s{b=2}"},
		{"over two steps", "t { a = 1 }\nu : t { b = 2 }\ns : u { c = 3 }", "t{a=1} u{b=2 a=1} s{c=3 b=2 a=1}"},
		{"what inherits from one inside", "t { u : v { } }\nv { a = 1 }\ns : t { u { b = 2 } }", "t{u{a=1}} v{a=1} s{u{b=2 a=1}}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parse("x.conf", tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := flat(s); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestACommentRightBehindAWordIsTold(t *testing.T) {
	for text, want := range map[string]bool{"a = b#c": true, "a = b c#d\n": true, "a = \"b\"c#d": true, "a = b #c": false, "a = b\t#c": false, "a = \"b#c\"": false, "a = \"b\"#c": false, "a = b": false} {
		s, err := parse("x.conf", text)
		if err != nil || len(s.Items) != 1 || s.Items[0].Cut != want {
			t.Errorf("%q: got %+v, %v", text, s, err)
		}
	}
	s, err := parse("x.conf", "t { a = b#c }\n}\ns : t { }\n")
	if err != nil || !s.Items[1].Section.Items[0].Cut {
		t.Errorf("what is inherited is cut too: got %+v, %v", s, err)
	}
}

func TestParseTellsTheLineOfAMistake(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"a = 1\nb", `x.conf:2: "b" is followed neither`},
		{"a {\n b = 1\n", "x.conf:1: the section a is not closed"},
		{"a = 1\n}", "x.conf:2: a brace closes what nothing has opened"},
		{"\na = \"1\n2", "x.conf:2: the string does not end"},
		{"a = \"1\\", "x.conf:1: the string does not end"},
		{`"a" = 1`, "x.conf:1: a name was expected"},
		{"a.b = 1", `x.conf:1: "a" is followed neither`},
		{"s : {\n}", "x.conf:1: the path of a section"},
		{"s : a..b {\n}", "x.conf:1: the path of a section"},
		{"s : t u {\n}", `x.conf:1: "t" is followed neither`},
		{"a = 1\ns : t { }", "x.conf:2: there is no section t"},
		{"s : s { }", "inherits from itself"},
		{"a : b { }\nb : a { }", "inherits from itself"},
		{"a { x : b { } }\nb { y : a { } }", "inherits from itself"},
		{"a { x : a { } }", "inherits from itself"},
		{"include x", "there is nothing to include"},
		{strings.Repeat("a {", 40), "nested more than"},
		{bomb(18), "inherit too much"},
	} {
		if _, err := parse("x.conf", tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.40q: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

// bomb is a text whose sections hold the section before twice.
func bomb(n int) string {
	var b strings.Builder
	b.WriteString("s0 { a = 1 }\n")
	for i := range n {
		fmt.Fprintf(&b, "s%d { l : s%d { }\n r : s%d { } }\n", i+1, i, i)
	}
	return b.String()
}

// Texts of a few hundred kilobytes that would keep a parser busy for hours if it looked at each section from each other one.
func TestTextsThatAreMadeToTakeLongDoNot(t *testing.T) {
	chain, crowd := new(strings.Builder), new(strings.Builder)
	chain.WriteString("s0 { }\n")
	for i := range 20_000 {
		fmt.Fprintf(chain, "s%d : s%d { }\n", i+1, i)
		fmt.Fprintf(crowd, "s%d { v%d = 1 }\nv%d = 1\nt { v%d = 1\ns%d { } }\n", i, i, i, i, i)
	}
	if _, err := parse("x", chain.String()); err == nil || !strings.Contains(err.Error(), "inherit too much") {
		t.Errorf("a chain of heirs: %v", err)
	}
	root := new(node)
	if err := new(parser).text("x", crowd.String(), root); err != nil {
		t.Fatal(err)
	}
	h := &heir{root: root, used: make(map[*node]bool), items: root.size(), steps: mostSteps}
	if s, err := h.section([]*node{root}); err != nil || len(s.Items) != 40_001 {
		t.Errorf("a crowd: %v", err)
	}
	if steps := mostSteps - h.steps; steps > 10*root.size() {
		t.Errorf("%d steps for %d items", steps, root.size())
	}
}

// A file that includes itself, or all in its folder, is read again and again.
func TestIncludesAreBoundedInOctetsToo(t *testing.T) {
	files := fstest.MapFS{"main.conf": {Data: []byte(strings.Repeat("include large.conf\n", 200))}, "large.conf": {Data: []byte(strings.Repeat("#", 1<<20))}}
	if _, err := Read(files, "/main.conf"); err == nil || !strings.Contains(err.Error(), "too large together") {
		t.Error(err)
	}
}

func TestReadFollowsIncludes(t *testing.T) {
	files := fstest.MapFS{
		"etc/s/swanctl.conf":  {Data: []byte("c { a = 1\n include part.inc }\ninclude conf.d/*.conf\ninclude conf.d/none*\n")},
		"etc/s/part.inc":      {Data: []byte("b = 2")},
		"etc/s/conf.d/1.conf": {Data: []byte("c { b = 3 }")},
		"etc/s/conf.d/2.conf": {Data: []byte("include \"/etc/with space\" # comment\n")},
		"etc/with space":      {Data: []byte("d = 4")},
	}
	s, err := Read(files, "/etc/s/swanctl.conf")
	if err != nil || flat(s) != "c{a=1 b=3} d=4" {
		t.Fatalf("%q, %v", flat(s), err)
	}
	if i, _ := s.Get("d", Value); i.Place != (Place{"/etc/with space", 1}) {
		t.Errorf("d stands at %v", i.Place)
	}
}

func TestReadRefusesWhatItCannotFollow(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"a = 1\ninclude loop.conf", "too deeply"},
		{"\ninclude none.conf", "/main.conf:2:"},
		{"include bad.conf", "/bad.conf:2:"},
		{"include [", "no pattern"},
		{"include folder", "no regular file"},
	} {
		files := fstest.MapFS{
			"main.conf": {Data: []byte(tt.text)}, "loop.conf": {Data: []byte("include loop.conf")},
			"bad.conf": {Data: []byte("\n}")}, "folder/x": {},
		}
		if _, err := Read(files, "/main.conf"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

// The sections that others inherit from are marked, as nothing else may make use of them.
func TestReadMarksTemplates(t *testing.T) {
	s, err := parse("x", "t { a = 1 }\nu { v { } }\nw { }\nc { d : t, u.v { } }")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range s.Items {
		if want := i.Name == "t" || i.Name == "u"; i.Inherited != want {
			t.Errorf("%s: inherited is %v", i.Name, i.Inherited)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"a = b", "s { a = \"b\\n\" # c\n }", "t { a = 1 }\ns : t { u : t, t { } }", bomb(3), "include x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse("fuzz", text)
		if (s == nil) == (err == nil) {
			t.Fatalf("section %v, error %v", s, err)
		}
	})
}
