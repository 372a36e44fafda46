package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"culvert/api"
	"culvert/api/apitest"
)

// exporting is a daemon that has metrics.
type exporting struct{ *apitest.Fake }

func (exporting) Metrics() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ipsec_up 1\n") })
}

// Whoever may read may scrape, and a daemon without metrics says so.
func TestMetricsAreForReaders(t *testing.T) {
	for _, tt := range []struct {
		name    string
		control api.Control
		role    api.Role
		want    int
	}{
		{"reader", exporting{apitest.New(1)}, api.Read, 200},
		{"stranger", exporting{apitest.New(1)}, api.Nobody, 401},
		{"daemon without metrics", apitest.New(1), api.Read, 501},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		api.NewServer(tt.control, "test").ServeHTTP(w, r.WithContext(api.As(r.Context(), api.Caller{Name: "test", Role: tt.role})))
		if w.Code != tt.want || tt.want == 200 && w.Body.String() != "ipsec_up 1\n" {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
	}
}
