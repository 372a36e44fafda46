package legible

import "testing"

func TestDistanceCountsEdits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"psk", "pks", 1}, {"address", "adress", 1}, {"start", "strat", 1}, {"local", "loco", 2}, {"ab", "ba", 1}, {"kitten", "sitting", 3}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("from %q to %q: got %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := distance(tt.b, tt.a); got != tt.want {
			t.Errorf("from %q to %q: got %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

func TestClosestIsTheNameThatWasMeant(t *testing.T) {
	names := []string{"ike-timeout", "auth-psk-wrong", "ts"}
	for word, want := range map[string]string{"ike-timout": "ike-timeout", "IKE-TIMEOUT": "ike-timeout", "auth-psk-worng": "auth-psk-wrong", "tx": "ts", "": "", "office": ""} {
		if got := Closest(word, names); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
