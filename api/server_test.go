package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
	"culvert/internal/golden"
)

func request(method, path, body string) *httptest.ResponseRecorder {
	return requestAs(api.Administer, method, path, body)
}

func requestAs(role api.Role, method, path, body string) *httptest.ResponseRecorder {
	fake := apitest.New(8)
	fake.Now = sampleStatus()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r = r.WithContext(api.As(r.Context(), api.Caller{Name: "test", Role: role}))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	api.NewServer(fake, "test").ServeHTTP(w, r)
	return w
}

func TestMalformedRequestsAreProblems(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"no such path", "GET", "/v1/nothing", "", 404, "there is no GET /v1/nothing"},
		{"other version", "GET", "/v2/status", "", 404, "there is no GET /v2/status"},
		{"wrong method", "GET", "/v1/reload", "", 404, "there is no GET /v1/reload"},
		{"no body", "POST", "/v1/down", "", 400, "request body is required"},
		{"no JSON", "POST", "/v1/down", "{", 400, ""},
		{"no connection", "POST", "/v1/down", "{}", 422, "connection"},
		{"unknown member", "POST", "/v1/down", `{"connection":"a","conection":"b"}`, 422, "conection"},
		{"unknown layer", "POST", "/v1/rekey", `{"connection":"a","layer":"esp"}`, 422, "layer"},
		{"time that is none", "POST", "/v1/up", `{"connection":"a","timeout":-1}`, 422, "timeout"},
		{"name too long", "POST", "/v1/up", `{"connection":"` + strings.Repeat("a", 65) + `"}`, 422, "connection"},
		{"body too long", "POST", "/v1/up", `{"connection":"` + strings.Repeat("a", 1<<20) + `"}`, 413, ""},
		{"unknown level", "GET", "/v1/log?level=loud", "", 422, "level"},
		{"unknown connection", "GET", "/v1/sas?connection=none", "", 404, `there is no connection "none"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := request(tt.method, tt.path, tt.body)
			var p api.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("%v in %s", err, w.Body)
			}
			if w.Code != tt.status || p.Status != tt.status || p.Code == "" || p.Action == "" || !strings.Contains(p.Detail, tt.says) {
				t.Errorf("status %d, got %+v", w.Code, p)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("content type %q", got)
			}
		})
	}
}

func TestListsAreNeverNull(t *testing.T) {
	for path, want := range map[string]string{"/v1/sas?connection=office": "0102030405060708", "/v1/sas": `"ff"`, "/v1/connections": "office"} {
		w := request("GET", path, "")
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "[") || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// The document is a promise to other programs: a change of it shows up in review.
func TestOpenAPIDocumentIsAsPublished(t *testing.T) {
	w := request("GET", "/openapi.json", "")
	var got bytes.Buffer
	if err := json.Indent(&got, w.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	golden.File(t, "../docs/openapi.json", got.String())
	for _, path := range []string{"status", "connections", "overview", "sas", "pools", "events", "log", "up", "down", "rekey", "reauth", "reload", "check", "traces", "traces/{id}", "traces/{id}/explanation"} {
		if !strings.Contains(got.String(), `"/v1/`+path+`"`) {
			t.Errorf("the document lacks /v1/%s", path)
		}
	}
}

func TestProblemsHaveEntriesInTheCatalogue(t *testing.T) {
	p := api.NewProblem(0, explain.ManageInternal, "", "x")
	if p.Title == "" || p.Action == "" || p.Type != "urn:culvert:manage-internal" {
		t.Errorf("got %+v", p)
	}
	if got := api.NewProblem(0, "NO-SUCH-CODE", "", "It is so.").Error(); got != "It is so [NO-SUCH-CODE]" {
		t.Errorf("got %q", got)
	}
}
