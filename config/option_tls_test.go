package config

// tlsClient is a connection around a block local.eap.tls, with what stands before and behind eap.
func tlsClient(before, behind string) string {
	return "connection \"a\" {\nlocal {\n" + before + "eap {\nmethods = [\"peap\"]\npassword = \"a password\"\ntls {\n%s\n}\n}\n" + behind +
		"}\nremote { ca = \"ca.pem\" }\n}\n"
}

// tlsServer is a connection around a block remote.eap.tls.
func tlsServer(before, behind string) string {
	return "connection \"a\" {\nlocal {\ncertificate = \"gw.pem\"\nkey = \"gw.key\"\n}\nremote {\n" + before +
		"eap {\nusers = \"staff\"\nmethods = [\"peap\"]\ntls {\n%s\n}\n}\n" + behind + "}\n}\n"
}

// tlsSamples are those of the options that both sides of EAP over TLS have.
func tlsSamples(with string) []sample {
	return []sample{
		{option: "ca", value: `"ca.pem"`, text: "-", with: with},
		{option: "ca", value: `"leaf.pem"`, with: with, code: badFile},
		{option: "ca", value: `"absent.pem"`, with: with, code: noFile},
		{option: "intermediate", value: `"ca.pem"`, text: "-", with: "ca = \"ca.pem\"\n" + with},
		{option: "intermediate", value: `"leaf.pem"`, with: "ca = \"ca.pem\"\n" + with, code: badFile},
		{option: "intermediate", value: `"ca.pem"`, with: with, code: missing},
		{option: "via", value: `"ca.pem"`, text: "-", with: "ca = \"ca.pem\"\n" + with},
		{option: "via", value: `"ca.pem"`, with: with, code: missing},
		{option: "via_id", value: `"CN=Sub CA"`, with: "ca = \"ca.pem\"\n" + with},
		{option: "via_id", value: `"CN=Sub CA"`, with: with, code: missing},
		{option: "certificate", value: `["gw.pem", "ca.pem"]`, text: "-", with: "key = \"gw.key\"\n" + with},
		{option: "certificate", value: `"gw.pem"`, with: with, code: missing},
		{option: "key", value: `"gw.key"`, text: "-", with: "certificate = \"gw.pem\"\n" + with},
		{option: "key", value: `"carol.key"`, with: "certificate = \"gw.pem\"\n" + with, code: "CONFIG-KEY-MISMATCH"},
		{option: "key", value: `"gw.key"`, with: with, code: missing},
		{option: "chain_keys", value: `["rsa-3072", "ecdsa-384"]`, with: with},
		{option: "chain_keys", value: `"dsa"`, with: with, code: badValue},
		{option: "chain_signatures", value: `["ecdsa-sha384"]`, with: with},
		{option: "chain_signatures", value: `"md5"`, with: with, code: badValue},
		{option: "revocation", value: `"strict"`, with: with},
		{option: "revocation", value: `"never"`, with: with, code: badValue},
		{option: "crl", value: `"ca.crl"`, text: "-", with: with},
		{option: "crl", value: `"ca.pem"`, with: with, code: badFile},
		{option: "min_version", value: `"1.3"`, with: with},
		{option: "min_version", value: `"1.1"`, with: with, code: badValue},
		{option: "min_version", value: `"1.3"`, with: "max_version = \"1.2\"\n" + with, code: clash},
		{option: "max_version", value: `"1.2"`, with: with},
		{option: "max_version", value: `1.2`, with: with, code: wrongType},
		{option: "fragment_size", value: `1400`, with: with},
		{option: "fragment_size", value: `63`, with: with, code: badValue},
		{option: "extended_master_secret", value: `true`, with: with},
		{option: "extended_master_secret", value: `"no"`, with: with, code: wrongType},
		{option: "crypto_binding", value: `true`, with: with},
		{option: "crypto_binding", value: `"yes"`, with: with, code: wrongType},
	}
}

func localTLSSamples() []sample {
	const with = `server_name = "aaa.example.org"`
	return append(tlsSamples(with), []sample{
		{option: "server_name", value: `"aaa.example.org"`},
		{option: "server_name", value: `"*.example.org"`},
		{option: "server_name", value: `"%any"`, code: missing},
		{option: "anonymous_identity", value: `"@example.org"`, with: with},
		{option: "anonymous_identity", value: `""`, with: with, code: badValue},
		{option: "inner", value: `"eap-mschapv2"`, with: with},
		{option: "inner", value: `"eap"`, with: with},
		{option: "inner", value: `"pap"`, with: with, code: clash},
		{option: "inner", value: `"chap"`, with: with, code: badValue},
	}...)
}

func remoteTLSSamples() []sample {
	return append(tlsSamples(""), []sample{
		{option: "inner", value: `["gtc", "pap", "md5"]`},
		{option: "inner", value: `["pap", "md5"]`, code: clash},
		{option: "inner", value: `[]`, code: clash},
		{option: "inner", value: `["chap"]`, code: badValue},
		{option: "any_certificate", value: `true`},
		{option: "any_certificate", value: `"carol"`, code: wrongType},
	}...)
}
