package zone

// Unicode returns n, as Display does, with its A-labels as the U-labels that
// people read, for comments and reports. A name without A-labels, and one whose
// U-labels would not be read back as n, is returned as Display returns it.
func (n Name) Unicode() string {
	u, err := labels.ToUnicode(n.Display())
	if err != nil {
		return n.Display()
	}
	if back, err := ParseName(u); err != nil || back != n {
		return n.Display()
	}
	return u
}
