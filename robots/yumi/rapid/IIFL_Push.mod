MODULE IIFL_Push
    ! Straight pushes at table height for one arm of a YuMi (IRC5, RobotWare 6).
    !
    ! Load this module into both T_ROB_L and T_ROB_R as the only one with a main, and run both tasks in
    ! continuous cycle. TASK PERS gives each task data of its own: a plain PERS of one name is shared.
    ! Every name that a program outside reads or writes begins with iifl_; lengths are in mm, speeds in mm/s.
    !
    ! An order, in this sequence: iifl_order is written whole, then its number to iifl_request. A number is
    ! acted on once, when it is above that of the last report. iifl_begun is written before the arm moves, and
    ! iifl_report, with the same session and number, once it rests. iifl_stop ends everything up to a number:
    ! an order that waits, and one that is being carried out. It never has to be taken back.
    !
    ! This module has not been run on a robot. Read docs/yumi.md before it is.

    RECORD iiflorder
        num session;
        dnum number;
        num begin_x;
        num begin_y;
        num end_x;
        num end_y;
        num speed;
    ENDRECORD

    RECORD iiflreport
        num session;
        dnum number;
        num result;
    ENDRECORD

    ! Written by the agent.
    TASK PERS iiflorder iifl_order:=[0,0,0,0,0,0,0];
    TASK PERS dnum iifl_request:=0;
    TASK PERS dnum iifl_stop:=0;

    ! Written by this module.
    TASK PERS iiflreport iifl_begun:=[0,0,0];
    TASK PERS iiflreport iifl_report:=[0,0,0];
    TASK PERS num iifl_protocol:=1;

    ! Set at calibration. iifl_table: origin in the middle of the workspace on the table, x to the right and
    ! y up in the camera's picture, z away from the table. iifl_plate: tool centre point in the middle of the
    ! plate's lower edge, z out of the tool, x across the plate's faces. iifl_ready: where the arm rests out of
    ! the camera's view, in that frame, with the configuration and arm angle that every motion keeps.
    TASK PERS bool iifl_calibrated:=FALSE;
    TASK PERS wobjdata iifl_table:=[FALSE,TRUE,"",[[400,200,100],[1,0,0,0]],[[0,0,0],[1,0,0,0]]];
    TASK PERS tooldata iifl_plate:=[TRUE,[[0,0,180],[1,0,0,0]],[0.3,[0,0,60],[1,0,0,0],0,0,0]];
    TASK PERS robtarget iifl_ready:=[[0,300,150],[0,1,0,0],[0,0,0,4],[0,9E9,9E9,9E9,9E9,9E9]];

    ! Where the plate's middle may be (left, bottom, right, top) and how fast it pushes at most.
    TASK PERS num iifl_limits{5}:=[-240,-240,240,240,150];
    TASK PERS num iifl_push_height:=3;
    TASK PERS num iifl_travel_height:=80;
    TASK PERS num iifl_travel_speed:=200;

    ! Results, as the agent knows them.
    LOCAL CONST num DONE:=1;
    LOCAL CONST num LIMITS:=2;
    LOCAL CONST num STOPPED:=3;
    LOCAL CONST num MIXED:=4;
    LOCAL CONST num UNCALIBRATED:=5;
    LOCAL CONST num UNREACHABLE:=6;
    LOCAL CONST num ELSEWHERE:=7;
    LOCAL CONST num STALE:=8;

    LOCAL CONST num LONGEST_PAUSE:=1;
    LOCAL CONST num NEAR:=30;

    LOCAL VAR intnum on_stop;
    LOCAL VAR intnum on_time;
    LOCAL VAR clock pulse;
    LOCAL VAR bool moving:=FALSE;
    LOCAL VAR iiflorder order;

    PROC main()
        VAR bool nothing_new;
        VAR num pause;

        moving:=FALSE;
        ! Both, since an interrupt that comes while the program is halted can be lost.
        IDelete on_stop;
        CONNECT on_stop WITH Halt;
        IPers iifl_stop,on_stop;
        IDelete on_time;
        CONNECT on_time WITH Halt;
        ITimer 0.1,on_time;

        ! What was ordered before the program started is not carried out.
        IF iifl_request>iifl_report.number Tell iifl_request,STALE;
        Beat;
        WHILE TRUE DO
            WaitUntil iifl_request>iifl_report.number\MaxTime:=0.2\TimeFlag:=nothing_new\PollRate:=0.02;
            pause:=ClkRead(pulse);
            IF iifl_request>iifl_report.number THEN
                ! A program that was halted and goes on does not carry out what was ordered before.
                IF pause>LONGEST_PAUSE THEN
                    Tell iifl_request,STALE;
                ELSE
                    CarryOut;
                ENDIF
            ENDIF
            Beat;
        ENDWHILE
    ENDPROC

    LOCAL PROC Beat()
        ClkStop pulse;
        ClkReset pulse;
        ClkStart pulse;
    ENDPROC

    LOCAL PROC Tell(dnum number,num result)
        iifl_report:=[iifl_order.session,number,result];
    ENDPROC

    LOCAL PROC CarryOut()
        VAR num refusal;

        order:=iifl_order;
        IF order.number<>iifl_request THEN
            Tell iifl_request,MIXED;
            RETURN;
        ENDIF
        refusal:=WhyNot();
        IF refusal<>0 THEN
            Tell order.number,refusal;
            RETURN;
        ENDIF
        moving:=TRUE;
        IF iifl_stop>=order.number THEN
            moving:=FALSE;
            Tell order.number,STOPPED;
            RETURN;
        ENDIF
        iifl_begun:=[order.session,order.number,0];
        Push;
        moving:=FALSE;
        Tell order.number,DONE;
    ENDPROC

    LOCAL FUNC num WhyNot()
        IF NOT iifl_calibrated RETURN UNCALIBRATED;
        IF NOT Inside(order.begin_x,order.begin_y,0) RETURN LIMITS;
        IF NOT Inside(order.end_x,order.end_y,0) RETURN LIMITS;
        IF order.speed<=0 OR order.speed>iifl_limits{5} RETURN LIMITS;
        IF NOT AtHome() RETURN ELSEWHERE;
        IF NOT Reachable(Over(order.begin_x,order.begin_y,iifl_push_height)) RETURN UNREACHABLE;
        IF NOT Reachable(Over(order.end_x,order.end_y,iifl_push_height)) RETURN UNREACHABLE;
        RETURN 0;
    ENDFUNC

    LOCAL FUNC bool Inside(num x,num y,num margin)
        RETURN x>=iifl_limits{1}-margin AND y>=iifl_limits{2}-margin AND x<=iifl_limits{3}+margin AND y<=iifl_limits{4}+margin;
    ENDFUNC

    LOCAL FUNC bool AtHome()
        ! Over the workspace, or at iifl_ready: the two places between which a straight way is known to be free.
        VAR robtarget here;

        here:=CRobT(\Tool:=iifl_plate\WObj:=iifl_table);
        IF Distance(here.trans,iifl_ready.trans)<=NEAR RETURN TRUE;
        RETURN Inside(here.trans.x,here.trans.y,NEAR) AND here.trans.z>=-NEAR AND here.trans.z<=iifl_ready.trans.z+NEAR;
    ENDFUNC

    LOCAL FUNC bool Reachable(robtarget target)
        VAR jointtarget joints;

        joints:=CalcJointT(target,iifl_plate\WObj:=iifl_table);
        RETURN TRUE;
    ERROR
        RETURN FALSE;
    ENDFUNC

    LOCAL FUNC robtarget Over(num x,num y,num z)
        ! The plate stands across the push. Both of its faces push, so it never turns by more than 90 degrees.
        VAR robtarget target;
        VAR num heading:=0;

        IF order.end_x<>order.begin_x OR order.end_y<>order.begin_y THEN
            heading:=ATan2(order.end_y-order.begin_y,order.end_x-order.begin_x);
        ENDIF
        IF heading>90 heading:=heading-180;
        IF heading<=-90 heading:=heading+180;
        target:=iifl_ready;
        target.trans:=[x,y,z];
        target.rot:=OrientZYX(heading,0,180);
        RETURN target;
    ENDFUNC

    LOCAL PROC Push()
        VAR robtarget here;
        VAR speeddata travelling;
        VAR speeddata pushing;

        ConfL\Off;
        ConfJ\Off;
        travelling:=[iifl_travel_speed,90,200,60];
        pushing:=[order.speed,90,200,60];
        here:=CRobT(\Tool:=iifl_plate\WObj:=iifl_table);
        IF here.trans.z<iifl_travel_height THEN
            ! A stop left the plate on the table: it goes straight up first.
            here.trans.z:=iifl_travel_height;
            MoveL here,travelling,fine,iifl_plate\WObj:=iifl_table;
        ENDIF
        MoveL Over(order.begin_x,order.begin_y,iifl_travel_height),travelling,fine,iifl_plate\WObj:=iifl_table;
        MoveL Over(order.begin_x,order.begin_y,iifl_push_height),travelling,fine,iifl_plate\WObj:=iifl_table;
        MoveL Over(order.end_x,order.end_y,iifl_push_height),pushing,fine,iifl_plate\WObj:=iifl_table;
        MoveL Over(order.end_x,order.end_y,iifl_travel_height),travelling,fine,iifl_plate\WObj:=iifl_table;
        MoveL iifl_ready,travelling,fine,iifl_plate\WObj:=iifl_table;
    ENDPROC

    LOCAL TRAP Halt
        IF moving AND iifl_stop>=order.number THEN
            moving:=FALSE;
            StopMove;
            ClearPath;
            ! Lets the arm move again, which has nowhere to go until the next order.
            StartMove;
            Tell order.number,STOPPED;
            ExitCycle;
        ENDIF
    ENDTRAP
ENDMODULE
