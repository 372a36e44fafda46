package swanctl

import (
	"testing"

	"culvert/swanctl/settings"
)

// A secret with an id takes the place of the one that has it, whatever it is, and of no other, even of one that is equal.
func TestSharedSecretsAreToldApartByTheirIDs(t *testing.T) {
	var s Setup
	for _, step := range []struct {
		id, data string
		want     int
	}{
		{"a", "one", 1}, {"a", "two", 1}, {"b", "two", 2}, {"", "two", 3}, {"", "two", 3}, {"", "three", 4},
	} {
		request := new(settings.Section).Add("type", "ike").Add("data", step.data)
		if step.id != "" {
			request.Add("id", step.id)
		}
		next, err := run(t, s, "load-shared", request)
		if err != nil || len(next.Secrets) != step.want {
			t.Fatalf("%q, %q: %d secrets, want %d: %v", step.id, step.data, len(next.Secrets), step.want, err)
		}
		s = next
	}
	if got := string(s.Secrets[0].Data); got != "two" {
		t.Errorf("the secret a is %q", got)
	}
}
