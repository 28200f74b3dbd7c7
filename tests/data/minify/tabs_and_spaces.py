if 1:
	print("tab")
        print("eight spaces")
