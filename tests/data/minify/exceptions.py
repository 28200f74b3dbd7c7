def f(x):
    try:
        return 1 // x
    except ( ZeroDivisionError , TypeError ) as e:
        print(type(e) . __name__)
        raise ValueError("bad") from e
    finally:
        print("done")
try :
    f(0)
except ValueError as e :
    print(e)
print(f(1))
