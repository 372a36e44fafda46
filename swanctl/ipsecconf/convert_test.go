package ipsecconf

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/swanctl/settings"
)

const sample = `# a gateway
config setup
	uniqueids = no
	charondebug = "ike 2"

conn %default
	keyexchange=ikev2
	ikelifetime=8h

conn base
	left=192.0.2.1
	leftid=@moon
	leftsubnet=10.1.0.0/16,10.3.0.0/16
	leftprotoport=tcp/443
	authby=secret

conn net
	also=base
	right=%any
	rightid=@sun
	rightsubnet=10.2.0.0/16
	rightsourceip=10.9.0.0/24,%dhcp
	rightdns=10.1.0.53
	ike=aes256-sha256-modp2048!
	esp=aes256gcm16
	dpdaction=restart
	margintime=10m
	mark=42
	nonsense=1 # nobody knows
	auto=route

include ipsec.d/*.conf
`

func flat(s *settings.Section) string {
	var parts []string
	for _, i := range s.Items {
		if i.Kind == settings.Sub {
			parts = append(parts, i.Name+" {"+flat(i.Section)+"}")
		} else {
			parts = append(parts, i.Name+"="+string(i.Value))
		}
	}
	return strings.Join(parts, "; ")
}

func convert(t *testing.T, conf, secrets string) (string, []Note) {
	t.Helper()
	files := fstest.MapFS{
		"etc/ipsec.conf": {Data: []byte(conf)}, "etc/ipsec.secrets": {Data: []byte(secrets)},
		"etc/ipsec.d/more.conf": {Data: []byte("ca own\n\tcacert=own.pem\n\tcrluri=http://a/x.crl\n\tauto=add\n")},
	}
	root, notes, err := Convert(files, "/etc/ipsec.conf")
	if err != nil {
		t.Fatal(err)
	}
	return flat(root), notes
}

func TestConvert(t *testing.T) {
	got, notes := convert(t, sample, "")
	for _, want := range []string{
		"net {unique=no; local {auth=psk; id=@moon}; remote {auth=psk; id=@sun}; children {net {",
		"local_ts=10.1.0.0/16[tcp/443], 10.3.0.0/16[tcp/443]", "remote_ts=10.2.0.0/16",
		"rekey_time=3000s; life_time=3600s; rand_time=600s", "reauth_time=28200s; over_time=600s; rand_time=600s",
		"dpd_action=restart", "dpd_delay=30s", "mark_in=42; mark_out=42", "start_action=trap",
		"proposals=aes256-sha256-modp2048}", "esp_proposals=aes256gcm16, default", "local_addrs=192.0.2.1; remote_addrs=%any", "version=2",
		"pools=net-1", "net-1 {addrs=10.9.0.0/24; dns=10.1.0.53}",
		"own {file=/etc/ipsec.d/cacerts/own.pem; crl_uris=http://a/x.crl}",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	var told string
	for _, n := range notes {
		told += n.Text + "\n"
	}
	for _, want := range []string{"charondebug", "nonsense has no counterpart", "%dhcp", "conn base is not loaded by itself"} {
		if !strings.Contains(told, want) {
			t.Errorf("nobody is told of %q: %s", want, told)
		}
	}
	if strings.Contains(got, "base {") {
		t.Error("what is not loaded by itself was loaded")
	}
}

func TestConvertSecrets(t *testing.T) {
	got, notes := convert(t, "config setup\n", `
# keys
@moon @sun : PSK "with # and : in it"
carol : EAP 'simple'
dave: XAUTH "x"
: RSA key.pem "phrase"
: ECDSA open.pem
: PIN 1 2
include none*
`)
	for _, want := range []string{
		"ike-1 {id-1=@moon; id-2=@sun; secret=with # and : in it}", "eap-2 {id-1=carol; secret=simple}", "xauth-3 {id-1=dave; secret=x}",
		"rsa-4 {file=/etc/ipsec.d/private/key.pem; secret=phrase}",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0].Text, "PIN") || notes[0].Line != 8 {
		t.Errorf("the notes are %v", notes)
	}
}

func TestConvertRefuses(t *testing.T) {
	for _, tt := range []struct{ conf, secrets, says string }{
		{" left=1\n", "", "/etc/ipsec.conf:1: an option stands outside"},
		{"conn a\n\tleft\n", "", "/etc/ipsec.conf:2: an option has no value"},
		{"section a\n", "", "begins no section"},
		{"conn\n", "", "a section begins with"},
		{"conn a\n\talso=b\n\tauto=add\n", "", "there is no conn b"},
		{"conn a\n\talso=a\n\tauto=add\n", "", "takes over itself"},
		{"include ipsec.conf\n", "", "include each other"},
		{"config setup\n\tprotostack=xfrm\n", "", "/etc/ipsec.conf:2: protostack=xfrm is of Libreswan"},
		{"conn a\n\tauto=ondemand\n", "", "auto=ondemand is of Libreswan"},
		{"conn a\n\tauthby=rsa-sha2\n", "", "authby=rsa-sha2 is of Libreswan"},
		{"conn a\n\tike=aes_gcm256-sha2_256;dh19\n", "", "is of Libreswan"},
		{"conn %default\n\tleftsubnets={10.1.0.0/24 10.3.0.0/24}\n", "", "is of Libreswan"},
		{"config setup\n", "a b c\n", "/etc/ipsec.secrets:1: a secret is written as"},
		{"config setup\n", "include ipsec.secrets\n", "include each other"},
	} {
		files := fstest.MapFS{"etc/ipsec.conf": {Data: []byte(tt.conf)}, "etc/ipsec.secrets": {Data: []byte(tt.secrets)}}
		if _, _, err := Convert(files, "/etc/ipsec.conf"); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: got %v", tt.conf+tt.secrets, err)
		}
	}
}

// Files that double with every step end, and soon.
func TestFilesThatAreMadeToTakeLongDoNot(t *testing.T) {
	var chain, crowd strings.Builder
	for i := range 9 {
		fmt.Fprintf(&chain, "conn c%d\n%s", i, strings.Repeat(fmt.Sprintf("\talso=c%d\n", i+1), 50))
	}
	chain.WriteString("conn c9\n\tauto=add\n")
	for i := range mostSections + 1 {
		fmt.Fprintf(&crowd, "conn c%d\n", i)
	}
	tree := fstest.MapFS{"etc/ipsec.conf": {Data: []byte("config setup\n")}, "etc/ipsec.secrets": {Data: []byte("include s0\n")}}
	for i := range 8 {
		tree[fmt.Sprintf("etc/s%d", i)] = &fstest.MapFile{Data: []byte(strings.Repeat(fmt.Sprintf("include s%d\n", i+1), 50))}
	}
	tree["etc/s8"] = &fstest.MapFile{}
	for says, files := range map[string]fstest.MapFS{
		"take over too much":             {"etc/ipsec.conf": {Data: []byte("conn x\n\tauto=add\n\talso=c0\n" + chain.String())}},
		"more than 10000 sections":       {"etc/ipsec.conf": {Data: []byte(crowd.String())}},
		"more than 100000 lines":         tree,
		"regular file of at most 16 MiB": {"etc/ipsec.conf": {Mode: fs.ModeDevice}},
	} {
		if _, _, err := Convert(files, "/etc/ipsec.conf"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", says, err)
		}
	}
}

func FuzzConvert(f *testing.F) {
	f.Add(sample, "@a : PSK \"x\"\n")
	f.Add("conn a\n\tauto=add\n\tlefti", ": RSA x")
	f.Fuzz(func(t *testing.T, conf, secrets string) {
		files := fstest.MapFS{"etc/ipsec.conf": {Data: []byte(conf)}, "etc/ipsec.secrets": {Data: []byte(secrets)}}
		if root, _, err := Convert(files, "/etc/ipsec.conf"); err == nil && root == nil {
			t.Fatal("neither a result nor an error")
		}
	})
}
