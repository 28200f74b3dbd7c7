s = "häß €  日本"  # größe
print(s, len(s))
été = 1
print(été  +  été)
