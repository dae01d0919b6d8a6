"""Socket.IO's own packet class, which logs every packet that it writes or has read whole."""

from socketio import packet

from peer import say

_NAMES = ["connect", "disconnect", "event", "ack", "connect_error", "event", "ack"]


class LoggingPacket(packet.Packet):
    """For the option `serializer` of a Socket.IO server or client. A packet with attachments is logged as if it had
    none."""

    def encode(self):
        self._say("sent")
        return super().encode()

    def decode(self, encoded_packet):
        attachments = super().decode(encoded_packet)
        if attachments == 0:
            self._say("received")
        return attachments

    def add_attachment(self, attachment):
        complete = super().add_attachment(attachment)
        if complete:
            self._say("received")
        return complete

    def _say(self, way):
        optional = {key: value for key, value in [("id", self.id), ("data", self.data)] if value is not None}
        say(packet=way, type=_NAMES[self.packet_type], namespace=self.namespace or "/", **optional)
