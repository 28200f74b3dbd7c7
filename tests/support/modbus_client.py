"""pymodbus as a client of a simulated unit: `python3 modbus_client.py FOLDER tcp PORT` or `… rtu PATH`, with the folder that holds
pymodbus. Prints what it reads."""

import sys

folder, kind, where = sys.argv[1:]
sys.path.insert(0, folder)

from pymodbus.client import ModbusSerialClient, ModbusTcpClient  # noqa: E402

if kind == "tcp":
    client = ModbusTcpClient("127.0.0.1", port=int(where), timeout=30)
else:
    client = ModbusSerialClient(where, baudrate=19200, parity="N", timeout=30)  # a pseudo-terminal has no parity
assert client.connect()
of = {"device_id": 3}
print(client.read_coils(0, count=4, **of).bits[:4], client.read_discrete_inputs(5, count=1, **of).bits[:1])
print(client.read_holding_registers(10, count=2, **of).registers)
assert not client.write_coil(3, True, **of).isError()
assert not client.write_coils(1, [True, False], **of).isError()
print(client.read_coils(0, count=4, **of).bits[:4])
assert not client.write_register(11, 9, **of).isError()
words = client.convert_to_registers(85.0, client.DATATYPE.FLOAT32)
assert not client.write_registers(0, words, **of).isError()
follows = client.read_input_registers(0, count=2, **of).registers
print(client.convert_from_registers(follows, client.DATATYPE.FLOAT32), client.read_holding_registers(11, count=1, **of).registers)
outside = client.convert_to_registers(200.0, client.DATATYPE.FLOAT32)
refused = [
    client.read_coils(4, count=1, **of),
    client.write_registers(0, outside, **of),
    client.read_holding_registers(20, count=1, **of),
    client.read_device_information(**of),
]
print([answer.exception_code for answer in refused])
client.close()
