package config

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"culvert/explain"
)

func TestDiagnosticsAreInTheOrderOfTheFiles(t *testing.T) {
	_, found := source(map[string]string{
		"culvert.hcl": "include = \"*.inc.hcl\"\nx = 1\nconnection \"a\" {\n y = 1\n z = 2\n}\n",
		"b.inc.hcl":   "b = 1\n",
		"a.inc.hcl":   "a = 1\n",
	}).Load(dir + "culvert.hcl")
	var order []string
	for _, d := range found {
		order = append(order, strings.Fields(d.Message)[len(strings.Fields(d.Message))-1])
	}
	if got := strings.Join(order, " "); got != `"x" "y" "z" "a" "b"` {
		t.Errorf("got %s", got)
	}
}

func TestSummaryCounts(t *testing.T) {
	e, w := Diagnostic{Severity: Error}, Diagnostic{Severity: Warning}
	for want, ds := range map[string]Diagnostics{
		"0 errors, 0 warnings": {},
		"1 error, 0 warnings":  {e},
		"2 errors, 1 warning":  {e, w, e},
		"0 errors, 2 warnings": {w, w},
	} {
		if got := ds.Summary(); got != want || ds.Errors() == strings.HasPrefix(want, "0") {
			t.Errorf("got %q and %v, want %q", got, ds.Errors(), want)
		}
	}
}

func TestWarningsAreNoError(t *testing.T) {
	ds := Diagnostics{{Severity: Warning, Code: explain.ConfigUnused, Message: "w"}}
	if err := ds.Err(); err != nil {
		t.Errorf("got %v", err)
	}
	ds = append(ds, Diagnostic{Severity: Error, Code: explain.ConfigSyntax, Place: Place{"/f", 3, 4}, Message: "e"})
	var invalid *InvalidError
	if err := ds.Err(); !errors.As(err, &invalid) || len(invalid.Diagnostics) != 2 {
		t.Fatalf("got %v", err)
	}
	if got, want := invalid.Error(), "configuration refused with 1 error, 1 warning; the first: /f:3:4: e [CONFIG-SYNTAX]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDiagnosticIsReadableByPeopleAndPrograms(t *testing.T) {
	d := Diagnostic{Error, explain.ConfigBadValue, Place{"/f", 12, 5}, 3, "it is wrong", "something else", "do this", "    abc = 1"}
	want := "/f:12:5: error: it is wrong [CONFIG-BAD-VALUE]\n  12 |     abc = 1\n     |     ^^^\n  expected: something else\n  hint: do this\n"
	if got := d.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	document, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	want = `{"severity":"error","code":"CONFIG-BAD-VALUE","file":"/f","line":12,"column":5,"length":3,"message":"it is wrong","expected":"something else","hint":"do this","source":"    abc = 1"}`
	if string(document) != want {
		t.Errorf("got %s", document)
	}
	short := Diagnostic{Severity: Warning, Code: explain.ConfigUnused, Place: Place{"/f", 1, 1}, Message: "w"}
	if got := short.String(); got != "/f:1:1: warning: w [CONFIG-UNUSED]\n" {
		t.Errorf("got %q", got)
	}
}

// Every code that the package reports has an entry, and every entry of the area is reported somewhere.
func TestCodesAreThoseOfTheCatalogue(t *testing.T) {
	used := map[explain.Code]bool{}
	note := func(found Diagnostics) {
		for _, d := range found {
			used[d.Code] = true
			if _, ok := explain.Lookup(d.Code); !ok {
				t.Errorf("%s has no entry", d.Code)
			}
		}
	}
	for _, folder := range []string{"mistakes", "syntax", "secrets", "references", "warnings"} {
		_, found := source(readAll(t, "testdata/"+folder)).Load(dir + "culvert.hcl")
		note(found)
	}
	eachSample(t, func(t *testing.T, files shelf, h home, s sample) {
		_, found := files.load("culvert.hcl", h.text(s))
		note(found)
	})
	for _, e := range explain.All() {
		switch e.Code {
		case explain.ConfigPermissions, explain.ConfigCertificate, explain.ConfigInclude, explain.ConfigIdentity,
			explain.ConfigCertChain, explain.ConfigCertWeak, explain.ConfigClientQuirk: // need files or times; tested by name
			continue
		case explain.ConfigComment: // package swanctl reports it
			continue
		}
		if strings.HasPrefix(string(e.Code), "CONFIG-") && !used[e.Code] {
			t.Errorf("nothing reports %s", e.Code)
		}
	}
}
