package swanctl

import (
	"fmt"
	"slices"

	"culvert/config"
	"culvert/explain"
)

// An authority is one that is being translated.
type authority struct {
	*translation
	out   *block
	given int // sources of the certificate
	tokenObject
}

// authorityRows are the keys of an authority.
func authorityRows() []row[*authority] {
	rows := []row[*authority]{
		{Key{"cacert", Blob, Implemented, "`authority.ca`, and among the authorities that vouch for peers.", ""}, (*authority).certificateBlob},
		{Key{"file", Scalar, Implemented, "As `cacert`, by the absolute path of a file that the daemon reads.", ""}, (*authority).certificateFile},
		{Key{"crl_uris", Several, Implemented, "`authority.crl_uris`.", ""}, setList("crl_uris")},
		{Key{"ocsp_uris", Several, Implemented, "`authority.ocsp_uris`.", ""}, setList("ocsp_uris")},
		{Key{"cert_uri_base", Scalar, Implemented, "`authority.cert_uri_base`.", ""}, func(a *authority, v value) error {
			a.out.set(v.origin, "cert_uri_base", quote(v.text()))
			return nil
		}},
	}
	return slices.Insert(rows, 2, tokenRows[*authority]("certificate")...)
}

func setList(name string) func(*authority, value) error {
	return func(a *authority, v value) error {
		if len(v.texts()) > 0 {
			a.out.set(v.origin, name, list(v.texts()...))
		}
		return nil
	}
}

// authority translates one authority.
func (t *translation) authority(o Object) {
	if !t.nameable(o, "authorities") {
		return
	}
	at := o.origin("authorities")
	a := &authority{translation: t, out: t.text(o.Loader).open(at, "authority", o.Name)}
	before := len(t.findings)
	walk(t, authorityRows(), a, at, o.Section)
	a.certificateInToken()
	if a.given != 1 && len(t.findings) == before {
		t.refuse(at.diagnostic(config.Error, explain.ConfigMissingKey,
			fmt.Sprintf("there are %d certificates, an authority has one", a.given), "give one of cacert, file and handle"))
	}
}

func (a *authority) certificateBlob(v value) error {
	c, err := a.certificate(CertAuthority, v.item.Value, fileOf(v.item, 0))
	return a.use(v, c, err)
}

func (a *authority) certificateFile(v value) error {
	data, err := a.setup.read(v.text())
	if err != nil {
		return &mistake{fmt.Sprintf("%s: %v", v.text(), err), ""}
	}
	c, err := a.certificate(CertAuthority, data, v.text())
	return a.use(v, c, err)
}

// certificateInToken reads the certificate that handle names, if there is one.
func (a *authority) certificateInToken() {
	if !a.tokenObject.given() {
		return
	}
	c, err := a.tokenCertificate(CertAuthority, &a.tokenObject)
	if err := a.use(a.handle, c, err); err != nil {
		a.invalid(a.handle, err)
	}
}

// use writes the certificate of the authority.
func (a *authority) use(v value, c Certificate, err error) error {
	if err != nil {
		return err
	}
	a.given++
	a.setup.trust(c)
	a.out.set(v.origin, "ca", a.where.certificate(c))
	return nil
}
