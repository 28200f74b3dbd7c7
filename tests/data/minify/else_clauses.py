for i in range(2):
    if i == 5: break
else:
    print("for else")
try:
    x = 1
except Exception:
    pass
else:
    print("try else")
