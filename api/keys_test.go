package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"culvert/api"
	"culvert/api/apitest"
)

// holder is a daemon with keys.
type holder struct {
	*apitest.Fake
	asked api.KeyRequest
	err   error
}

func (h *holder) ExportKeys(_ context.Context, r api.KeyRequest, each func(api.KeyLine) error) error {
	h.asked = r
	return errors.Join(each(api.KeyLine{Table: "esp_sa", Line: "one\n"}), each(api.KeyLine{Table: "esp_sa", Line: "two\n"}), h.err)
}

func TestKeysComeLineByLine(t *testing.T) {
	h := &holder{Fake: apitest.New(1)}
	client := api.NewClient(apitest.Serve(t, h))
	defer client.Close()
	text := ""
	collect := func(l api.KeyLine) error { text += l.Table + " " + l.Line; return nil }
	if err := client.ExportKeys(t.Context(), api.KeyRequest{Connection: "office", Seconds: 60}, collect); err != nil {
		t.Fatal(err)
	}
	if text != "esp_sa one\nesp_sa two\n" || h.asked.Connection != "office" || h.asked.For().Minutes() != 1 {
		t.Errorf("got %q of %+v", text, h.asked)
	}
	h.err = errors.New("the daemon is stopping")
	if err := client.ExportKeys(t.Context(), api.KeyRequest{}, collect); err == nil || !strings.Contains(err.Error(), "stopping") {
		t.Errorf("got %v", err)
	}
}

// Keys are for administrators alone, and nobody gets them for longer than an hour.
func TestKeysAreForAdministrators(t *testing.T) {
	for _, tt := range []struct {
		role api.Role
		body string
		want int
	}{{api.Operate, `{}`, 403}, {api.Administer, `{"seconds": 3601}`, 422}, {api.Administer, `{}`, 200}} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/v1/keys", strings.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/json")
		api.NewServer(&holder{Fake: apitest.New(1)}, "test").ServeHTTP(w, r.WithContext(api.As(r.Context(), api.Caller{Name: "test", Role: tt.role})))
		if w.Code != tt.want {
			t.Errorf("%v %s: %d %s", tt.role, tt.body, w.Code, w.Body)
		}
	}
}
