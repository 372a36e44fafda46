package eapmethods_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/eap"
	"culvert/eap/usim"
	"culvert/interop/lab"
	"culvert/radius"
	"culvert/secret"
)

// users are what hostapd's EAP server knows.
const users = `"md5" MD5 "clientPass"
"gtc" GTC "clientPass"
"carol" MSCHAPV2 "clientPass"
"chooses" MD5,MSCHAPV2 "clientPass"
"0"* AKA
"6"* AKA'
`

// newHostapd starts hostapd as a RADIUS server with its EAP server, and returns our proxy to it.
func newHostapd(t *testing.T, centre *usim.Centre) eap.Server {
	t.Helper()
	dir := shortDir(t)
	port := lab.FreePort(t)
	lab.Home(t, filepath.Join(dir, "home"), centre)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conf := write("conf", fmt.Sprintf("driver=none\nradius_server_clients=%s\nradius_server_auth_port=%d\neap_server=1\neap_user_file=%s\neap_sim_db=unix:%s\neap_sim_aka_result_ind=1\n",
		write("clients", "127.0.0.1 "+radiusSecret+"\n"), port, write("users", users), filepath.Join(dir, "home")))
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("hostapd", "-ddK", conf)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("hostapd:\n%s", text)
		}
		log.Close()
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	awaitText(t, log.Name(), "Setup of interface done")
	return &radius.Proxy{NAS: radius.NAS{Identifier: "culvert"}, Group: radius.NewGroup("hostapd", time.Second,
		radius.Server{Name: "hostapd", Auth: address, Accounting: address, Secret: secret.Bytes(radiusSecret), Timeout: patience, Tries: 1})}
}

// awaitText waits until a file has a text.
func awaitText(t *testing.T, file, text string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if b, err := os.ReadFile(file); err == nil && strings.Contains(string(b), text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not say %q", file, text)
		}
	}
}
