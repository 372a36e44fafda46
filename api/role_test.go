package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"culvert/api"
)

// A described operation is one of the OpenAPI document.
type described struct {
	method, path string
	role         api.Role
}

// operations reads what the document says of every operation. Names in paths are filled in.
func operations(t *testing.T) []described {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			Role api.Role `json:"x-role"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(request("GET", "/openapi.json", "").Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	var all []described
	for path, methods := range document.Paths {
		for method, op := range methods {
			all = append(all, described{strings.ToUpper(method), strings.NewReplacer("{", "", "}", "").Replace(path), op.Role})
		}
	}
	return all
}

func TestEveryOperationIsRefusedBelowItsRole(t *testing.T) {
	all := operations(t)
	if len(all) < 12 {
		t.Fatalf("only %d operations", len(all))
	}
	own := map[string]bool{"/v1/web": true, "/v1/session": true} // they are about what the caller may do already
	for _, op := range all {
		if op.role < api.Read || op.role == api.Read && op.method != http.MethodGet && !own[op.path] {
			t.Errorf("%s %s is for the role %v", op.method, op.path, op.role)
		}
		for role := api.Nobody; role <= api.Administer; role++ {
			want := role >= op.role
			code := requestAs(role, op.method, withOnce(op), "").Code
			if got := code != http.StatusForbidden && code != http.StatusUnauthorized; got != want {
				t.Errorf("%s %s as %v: status %d", op.method, op.path, role, code)
			}
		}
	}
}

// withOnce ends streams that would go on for ever.
func withOnce(op described) string {
	if op.method == http.MethodGet {
		return op.path + "?once=true"
	}
	return op.path
}

func TestRolesAreReadAsTheyAreWritten(t *testing.T) {
	for _, r := range []api.Role{api.Nobody, api.Read, api.Operate, api.Administer} {
		text, _ := r.MarshalText()
		var got api.Role
		if err := got.UnmarshalText(text); err != nil || got != r {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	var r api.Role
	if err := r.UnmarshalText([]byte("root")); err == nil || !strings.Contains(err.Error(), "read, operate, administer") {
		t.Errorf("got %v", err)
	}
	if got := api.Role(9).String(); got != "role 9" {
		t.Errorf("got %q", got)
	}
}
