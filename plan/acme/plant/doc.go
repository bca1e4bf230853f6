// Package plant places a token where the web server of an ACME client serves
// challenges, and takes it away again: only with one in place can be told whether
// what answers for a name is the server that it should be.
//
//	p := plant.Webroot("/var/www/html", time.Now)
//	t := plant.NewToken()
//	err := plant.During(ctx, p, t, func(ctx context.Context) error {
//		return fetch(ctx, "http://www.example.org"+t.Path(), t.Body)
//	})
//
// There are three ways: a file in the folder that the server serves, a program
// that takes the token to where it belongs, as over ssh, and a listener of our
// own for a machine that has no web server. None of them writes over anything.
//
// A process that is killed leaves its file behind. The next that places one in
// the same folder removes it when it is an hour old.
package plant
