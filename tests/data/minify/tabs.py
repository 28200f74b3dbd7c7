def f(x):
	if x:
		return "a	b"
	return	"none"
print(f(1), f(0))
