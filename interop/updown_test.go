package interop_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// dump is an updown command that writes its variables to a file of a host, a run to a line.
func dump(h *lab.Host, quote string) (command, path string) {
	path = h.Write("updown.seen", "")
	return fmt.Sprintf("env | grep ^PLUTO_ | sort | tr '%sn' ';' >>%s; echo >>%[2]s", quote, path), path
}

// runs reads what dump has written: variables by name for each run.
func (s *scene) runs(path string, n int) (list []map[string]string) {
	s.Helper()
	s.Await(fmt.Sprintf("%d runs in %s", n, path), func() bool {
		text, _ := os.ReadFile(path)
		list = nil
		for line := range strings.Lines(string(text)) {
			run := map[string]string{}
			for _, v := range strings.Split(strings.Trim(line, "\n;"), ";") {
				name, value, _ := strings.Cut(v, "=")
				run[name] = value
			}
			list = append(list, run)
		}
		return len(list) >= n
	})
	return list
}

// One script on both ends of a tunnel: what charon is told about its peer we are told about us, and the other way round.
func TestUpdownCommandsAreToldTheSameAsThoseOfCharon(t *testing.T) {
	s := newScene(t)
	ourCommand, ourPath := dump(s.moon, `\\`)
	theirCommand, theirPath := dump(s.sun, `\\`)
	ours := pskConf(`pools = ["clients"]`, fmt.Sprintf("updown = %q", strings.ReplaceAll(ourCommand, `\\`, `\`)))
	ours = strings.Replace(ours, `["10.1.0.0/24"]`, `["10.1.0.0/24[tcp/443]", "10.1.0.0/24[udp]"]`, 1)
	ours = strings.Replace(ours, `["10.2.0.0/24"]`, `["dynamic"]`, 1)
	ours += "pool \"clients\" {\n addresses = [\"10.3.0.0/24\"]\n dns = [\"10.1.0.53\"]\n}\n"
	theirs := pskSwan("vips = 0.0.0.0", fmt.Sprintf("updown = \"%s\"\nhostaccess = yes", theirCommand))
	theirs = strings.Replace(theirs, "local_ts = 10.2.0.0/24", "local_ts = dynamic", 1)
	theirs = strings.Replace(theirs, "remote_ts = 10.1.0.0/24", "remote_ts = 10.1.0.0/24[tcp/443], 10.1.0.0/24[udp]", 1)
	s.start(ours, theirs)
	s.up(charon)
	us, them := s.runs(ourPath, 2), s.runs(theirPath, 2)
	for i := range 2 {
		s.compareRuns(us[i], them[i])
	}
	s.rekey(charon, "--child", "net")
	s.rekey(charon, "--ike", "site")
	s.down(charon)
	us, them = s.runs(ourPath, 4), s.runs(theirPath, 4)
	if len(us) != 4 || len(them) != 4 || us[2]["PLUTO_VERB"] != "down-client" || them[2]["PLUTO_VERB"] != "down-client" {
		t.Errorf("after rekeying and the end:\n%v\n%v", us, them)
	}
}

// compareRuns holds what both ends were told about one pair of selectors against each other.
func (s *scene) compareRuns(us, them map[string]string) {
	s.Helper()
	same := []string{"PLUTO_VERSION", "PLUTO_CONNECTION", "PLUTO_PROTO"}
	mirrored := [][2]string{{"PLUTO_ME", "PLUTO_PEER"}, {"PLUTO_MY_ID", "PLUTO_PEER_ID"}, {"PLUTO_MY_CLIENT", "PLUTO_PEER_CLIENT"}, {"PLUTO_MY_PORT", "PLUTO_PEER_PORT"},
		{"PLUTO_MY_PROTOCOL", "PLUTO_PEER_PROTOCOL"}, {"PLUTO_MY_SOURCEIP", "PLUTO_PEER_SOURCEIP"}, {"PLUTO_MY_SOURCEIP4_1", "PLUTO_PEER_SOURCEIP4_1"}}
	for _, name := range same {
		mirrored = append(mirrored, [2]string{name, name})
	}
	for _, m := range mirrored {
		if us[m[0]] != them[m[1]] || us[m[1]] != them[m[0]] {
			s.Errorf("%s is %q and %q for us, %[4]s is %[5]q and %[6]q for charon", m[0], us[m[0]], us[m[1]], m[1], them[m[1]], them[m[0]])
		}
	}
	// Alone: the client's host is told of its address and servers; charon with libipsec encapsulates always.
	own := []string{"PLUTO_MY_SOURCEIP", "PLUTO_MY_SOURCEIP4_1", "PLUTO_PEER_SOURCEIP", "PLUTO_PEER_SOURCEIP4_1", "PLUTO_HOST_ACCESS", "PLUTO_DNS4_1"}
	for name := range them {
		if _, ok := us[name]; !ok && !slices.Contains(own, name) {
			s.Errorf("charon is told %s, and we are not: %v", name, us)
		}
	}
	if us["PLUTO_INTERFACE"] != "sun" || them["PLUTO_INTERFACE"] != "moon" {
		s.Errorf("interfaces %s and %s", us["PLUTO_INTERFACE"], them["PLUTO_INTERFACE"])
	}
}
