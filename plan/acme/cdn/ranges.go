package cdn

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
)

//go:embed data/*.txt
var builtIn embed.FS

// Ranges are the lists of all vendors that publish one. The zero value knows
// none. It is not changed and may be used from several goroutines.
type Ranges struct{ lists []List }

// Load returns the lists that came with the program or, of each vendor, the one
// in refreshed, which Save has written, if its date is no older. A list there
// that is damaged is told of by a *DamageError, and counts for nothing. A nil
// refreshed is none.
func Load(refreshed fs.FS) (Ranges, []error) {
	var out Ranges
	var damage []error
	for _, v := range Published() {
		list, err := read(builtIn, "data/"+fileName(v), v)
		if err != nil {
			damage = append(damage, err) // a mistake of this package; see its test
		}
		if refreshed != nil {
			newer, err := read(refreshed, fileName(v), v)
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				damage = append(damage, err)
			case !newer.Date.Before(list.Date):
				list, list.Refreshed = newer, true
			}
		}
		if len(list.Prefixes) > 0 {
			out.lists = append(out.lists, list)
		}
	}
	return out, damage
}

// DamageError is a list that is there and cannot be used. It is told, and the
// one that came with the program is used.
type DamageError struct {
	// File is its name within the folder of lists.
	File string
	Err  error
}

// Error says which file, and why.
func (e *DamageError) Error() string { return fmt.Sprintf("address ranges %s: %v", e.File, e.Err) }

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// fileName is what a vendor's list is called in a folder.
func fileName(v Vendor) string { return string(v) + ".txt" }

func read(from fs.FS, name string, v Vendor) (List, error) {
	text, err := fs.ReadFile(from, name)
	if err != nil {
		return List{}, &DamageError{name, err}
	}
	l, err := ParseList(text)
	if err == nil && l.Vendor != v {
		err = fmt.Errorf("it is a list of %s", l.Vendor)
	}
	if err != nil {
		return List{}, &DamageError{name, err}
	}
	return l, nil
}

// Lists returns the lists in the order of Published. They share memory with r.
func (r Ranges) Lists() []List { return r.lists }

// List returns the list of a vendor.
func (r Ranges) List(v Vendor) (List, bool) {
	for _, l := range r.lists {
		if l.Vendor == v {
			return l, true
		}
	}
	return List{}, false
}

// Lookup returns the list that the address is in, and the narrowest prefix of it.
func (r Ranges) Lookup(a netip.Addr) (List, netip.Prefix, bool) {
	a = a.Unmap().WithZone("")
	for _, l := range r.lists {
		if p, ok := l.contains(a); ok {
			return l, p, true
		}
	}
	return List{}, netip.Prefix{}, false
}
