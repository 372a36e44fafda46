package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
)

// An example is a call of curl in a document, and what comes back: JSON of which the example may show a part, or lines of a stream.
type example struct{ call, kind, answer string }

func documentedExamples(t *testing.T) []example {
	t.Helper()
	text, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []example
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)\n```\n(?:```(json|text)\n(.*?)\n```)?").FindAllStringSubmatch(string(text), -1) {
		list = append(list, example{m[1], m[2], m[3]})
	}
	return list
}

// words parts a command line as a shell does.
func words(line string) (list []string) {
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		list = append(list, m[1]+m[2])
	}
	return list
}

// curl makes the request of a call.
func curl(t *testing.T, call string) *http.Request {
	t.Helper()
	method, body, header := "GET", "", http.Header{}
	list := words(call)
	for i := 1; i < len(list)-1; i += 2 {
		switch value := list[i+1]; list[i] {
		case "--unix-socket":
		case "-H":
			name, content, _ := strings.Cut(value, ": ")
			header.Set(name, content)
		case "-d":
			method, body = "POST", value
		default:
			t.Fatalf("%s: what is %s?", call, list[i])
		}
	}
	r, err := http.NewRequest(method, list[len(list)-1], strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	return r
}

func TestExamplesOfTheDocumentsWork(t *testing.T) {
	fake := apitest.New(16)
	fake.Now = sampleStatus()
	fake.Script = []api.Event{{Kind: api.EventUp, Connection: "office", Text: "up"}}
	fake.Applied = api.Reloaded{Added: []string{"connection office"}, Removed: []string{}, Changed: []string{}}
	socket := apitest.Serve(t, fake)
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	list := documentedExamples(t)
	if len(list) < 8 {
		t.Fatalf("only %d examples", len(list))
	}
	for _, e := range list {
		answer, err := client.Do(curl(t, e.call))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if !e.fits(answer.StatusCode, string(text)) {
			t.Errorf("%s\nanswers %s\n%s", e.call, answer.Status, text)
		}
	}
}

func (e example) fits(status int, text string) bool {
	switch e.kind {
	case "":
		return status == http.StatusNoContent
	case "text":
		return status == http.StatusOK && strings.Join(regexp.MustCompile(`(?m)^event: .*$`).FindAllString(text, -1), "\n") == e.answer
	}
	var got, want any
	return json.Unmarshal([]byte(text), &got) == nil && json.Unmarshal([]byte(e.answer), &want) == nil && covers(got, want)
}

// covers reports whether an answer has everything that an example shows.
func covers(got, want any) bool {
	switch want := want.(type) {
	case string:
		s, ok := got.(string)
		return ok && (want == "…" || s == want)
	case map[string]any:
		m, _ := got.(map[string]any)
		for name, value := range want {
			if !covers(m[name], value) {
				return false
			}
		}
		return m != nil
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !covers(list[i], want[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(got, want)
}
