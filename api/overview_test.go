package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"reflect"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
)

// crowd is a status with SAs of two connections, and one whose connection is not known yet.
func crowd(n int) api.Status {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := api.Status{Version: "7", Connections: []api.Connection{{Name: "staff", State: api.Up}, {Name: "office", State: api.Waiting}}, SAs: []api.SA{{State: api.SAConnecting}}}
	for i := range n {
		established := began.Add(time.Duration(n-i) * time.Second)
		s.SAs = append(s.SAs, api.SA{
			Connection: "staff", State: api.SAEstablished, SPI: fmt.Sprintf("%016x", i), Established: &established,
			Quantum: &api.Quantum{IKE: true, Children: i%2 == 0},
			Remote:  api.Endpoint{Address: "192.0.2.1:4500", ID: fmt.Sprintf("user%d@Example.org", i)},
			Children: []api.Child{
				{Name: "net", State: api.ChildInstalled, In: api.Traffic{Bytes: 10, Packets: 1, LastUse: &established}, Out: api.Traffic{Bytes: 100, Packets: 2}},
				{Name: "net", State: api.ChildRekeyed, In: api.Traffic{Bytes: 1, Packets: 1}},
			},
		})
	}
	return s
}

func ask(t *testing.T, s api.Status, path string, answer any) *httptest.ResponseRecorder {
	t.Helper()
	fake := apitest.New(8)
	fake.Now = s
	r := httptest.NewRequest("GET", path, nil)
	w := httptest.NewRecorder()
	api.NewServer(fake, "test").ServeHTTP(w, r.WithContext(api.As(r.Context(), api.Caller{Name: "test", Role: api.Read})))
	if err := json.Unmarshal(w.Body.Bytes(), answer); w.Code != 200 || err != nil {
		t.Fatalf("%s: %d, %v: %s", path, w.Code, err, w.Body)
	}
	return w
}

func TestOverviewAddsUpSAs(t *testing.T) {
	s := crowd(3)
	var o api.Overview
	ask(t, s, "/v1/overview", &o)
	if o.Version != "7" || o.Unknown != 1 || len(o.Connections) != 2 || time.Since(o.Time) > time.Minute {
		t.Fatalf("got %+v", o)
	}
	first, oldest := s.SAs[1].Established, s.SAs[3].Established
	want := api.ConnectionSum{
		Connection: s.Connections[0], SAs: 3, Installed: 3, Resistant: 2, Since: oldest,
		In: api.Traffic{Bytes: 33, Packets: 6, LastUse: first}, Out: api.Traffic{Bytes: 300, Packets: 6},
	}
	if !reflect.DeepEqual(o.Connections[0], want) {
		t.Errorf("got\n%+v, want\n%+v", o.Connections[0], want)
	}
	if c := o.Connections[1]; c.Name != "office" || c.SAs != 0 || c.Since != nil {
		t.Errorf("the connection without SAs is %+v", c)
	}
}

// A connection that is not up for its peer's silence has no established SA, but one that tries.
func TestOverviewCountsEstablishedSAsOnly(t *testing.T) {
	s := crowd(1)
	s.SAs[1].State, s.SAs[1].Established, s.SAs[1].Children = api.SAAuthenticating, nil, nil
	var o api.Overview
	ask(t, s, "/v1/overview", &o)
	if c := o.Connections[0]; c.SAs != 0 || c.Installed != 0 || c.Since != nil {
		t.Errorf("got %+v", c)
	}
}

func TestSAsComeInParts(t *testing.T) {
	s := crowd(30)
	tests := []struct {
		name, query, total string
		first, count       int
	}{
		{"all", "connection=staff", "", 0, 30},
		{"first", "connection=staff&limit=10", "30", 0, 10},
		{"middle", "connection=staff&limit=10&offset=15", "30", 15, 10},
		{"last", "connection=staff&limit=10&offset=25", "30", 25, 5},
		{"behind the end", "connection=staff&limit=10&offset=40", "30", 0, 0},
		{"by identity", "limit=5&match=" + url.QueryEscape("USER12@example"), "1", 12, 1},
		{"by SPI", "match=000000000000001d", "", 29, 1},
		{"behind the first", "connection=staff&offset=28", "", 28, 2},
		{"by child", "match=net&limit=2", "30", 0, 2},
		{"nothing", "match=nobody", "", 0, 0},
		{"none of nothing", "match=nobody&limit=3", "0", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var list []api.SA
			w := ask(t, s, "/v1/sas?"+tt.query, &list)
			if total := w.Header().Get("X-Total-Count"); total != tt.total || len(list) != tt.count || list == nil {
				t.Fatalf("got %d of %s, want %d of %s", len(list), total, tt.count, tt.total)
			}
			if tt.count > 0 && list[0].SPI != fmt.Sprintf("%016x", tt.first) {
				t.Errorf("the first is %s, want %d", list[0].SPI, tt.first)
			}
		})
	}
	if s.SAs[1].SPI != fmt.Sprintf("%016x", 0) {
		t.Error("the status was changed")
	}
}
